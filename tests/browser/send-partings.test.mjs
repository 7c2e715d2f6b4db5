/** What comes between: cancelled, left, cut off. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startProxy } from './support/proxy.mjs';
import { connected } from './support/senders.mjs';
import { codeOf, hold, made, noise, phase, release, row, save, slow, sum, type } from './support/sending.mjs';
import { server } from './support/stage.mjs';

/** More than a sender is ahead of a receiver that puts nothing away. */
const LONG = 12 * 2 ** 20;

test('the sender cancels one file: the receiver is told, and the next one comes', async (t) => {
  const [alice, bob] = await connected(t, [await noise(t, 'film.bin', LONG), await noise(t, 'unwanted.bin', 10), await noise(t, 'song.bin', 1000)], { receiver: slow });
  await phase(bob, 'film.bin', 'moving');
  await row(alice, 'unwanted.bin').getByRole('button', { name: 'Cancel unwanted.bin' }).click();
  await row(alice, 'film.bin').getByRole('button', { name: 'Cancel film.bin' }).click();
  assert.match(await phase(alice, 'film.bin', 'cancelled'), /You cancelled it/);
  assert.match(await phase(bob, 'film.bin', 'cancelled'), /The other side cancelled it/);
  await release(bob);
  await Promise.all([alice, bob].map((person) => phase(person, 'song.bin', 'done')));
  assert.equal(await bob.page.locator('.transfer').count(), 2, 'what was never offered is not shown');
  assert.match(await phase(alice, 'unwanted.bin', 'cancelled'), /You cancelled it/);
});

test('the receiver cancels: the sender is told, and the next one comes', async (t) => {
  const [alice, bob] = await connected(t, [await noise(t, 'film.bin', LONG), await noise(t, 'song.bin', 3_000_000)], { receiver: slow });
  await phase(bob, 'film.bin', 'moving');
  await row(bob, 'film.bin').getByRole('button', { name: 'Cancel film.bin' }).click();
  assert.match(await phase(alice, 'film.bin', 'cancelled'), /The other side cancelled it/);
  await release(bob);
  await Promise.all([alice, bob].map((person) => phase(person, 'song.bin', 'done')));
  assert.equal(await sum(alice, 'song.bin'), await sum(bob, 'song.bin'));
  assert.equal(await row(bob, 'film.bin').getByRole('link').count(), 0, 'there is nothing to save');
});

test('a side that leaves in the middle is missed, and what has arrived stays', async (t) => {
  const [alice, bob] = await connected(t, await noise(t, 'note.txt', 10), { receiver: slow });
  await release(bob);
  await phase(bob, 'note.txt', 'done');
  await hold(bob);
  await alice.page.setInputFiles('#files', [await noise(t, 'film.bin', LONG), await noise(t, 'last.txt', 10)]);
  await phase(bob, 'film.bin', 'moving');
  await alice.page.click('#end');
  assert.match(await bob.reaches('ended'), /has left/);
  assert.match(await phase(bob, 'film.bin', 'failed'), /The other side has left/);
  assert.equal((await save(bob, 'note.txt')).name, 'note.txt');
  assert.equal(await alice.state(), 'idle');
  await bob.page.getByRole('button', { name: 'Start over' }).click();
  assert.equal(await bob.page.locator('.transfer').count(), 0);

  // Whoever has left may begin again.
  await alice.page.setInputFiles('#files', made('again.txt'));
  await release(bob);
  await type(bob, await codeOf(alice));
  await phase(bob, 'again.txt', 'done');
  await bob.leave();
  assert.match(await alice.reaches('ended'), /has left/);
});

test('a lost connection is told and mended, and the file goes on where it was', async (t) => {
  const [alice, bob] = await connected(t, await noise(t, 'film.bin', LONG), { receiver: slow });
  await phase(bob, 'film.bin', 'moving');
  // ICE would take half a minute to fail by itself, so it is made to look failed for a moment.
  const negotiated = () => window.meetpoint.peerConnection.remoteDescription.sdp.match(/a=ice-ufrag:(.*)/)[1];
  const before = await alice.page.evaluate(negotiated);
  await alice.page.evaluate(() => {
    const { peerConnection } = window.meetpoint;
    const tell = () => peerConnection.dispatchEvent(new Event('connectionstatechange'));
    Object.defineProperty(peerConnection, 'connectionState', { value: 'failed', configurable: true });
    tell();
    delete peerConnection.connectionState;
    peerConnection.addEventListener('signalingstatechange', () => peerConnection.signalingState === 'stable' && tell());
  });
  assert.match(await alice.reaches('mending'), /connection is lost/);
  assert.match(await alice.reaches('live'), /connection is back, and it goes on where it stopped/);
  await release(bob);
  await Promise.all([alice, bob].map((person) => person.reaches('done')));
  assert.notEqual(await alice.page.evaluate(negotiated), before, 'ICE was begun anew');
  assert.equal(await sum(alice, 'film.bin'), await sum(bob, 'film.bin'));
});

test('a file goes on, and others after it, when the server is gone', async (t) => {
  const proxy = await startProxy(t, server.port);
  const aside = { url: proxy.url, outage: true };
  const files = [await noise(t, 'film.bin', LONG), await noise(t, 'song.bin', 1_000_000)];
  const [alice, bob] = await connected(t, files, { sender: aside, receiver: { ...aside, ...slow } });
  await proxy.stop();
  await release(bob);
  await Promise.all([alice, bob].map((person) => person.reaches('done')));
  for (const name of ['film.bin', 'song.bin']) assert.equal(await sum(alice, name), await sum(bob, name));
  assert.equal((await save(bob, 'song.bin')).name, 'song.bin');
});

