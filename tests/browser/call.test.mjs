import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Person } from './support/browser.mjs';
import { startServer } from './support/server.mjs';
import { browser, server } from './support/stage.mjs';

const visit = (t, url = server.url) => Person.visit(t, browser, url);

test('two people press Start and see and hear each other', async (t) => {
  const [alice, bob] = [await visit(t), await visit(t)];
  await alice.start();
  await alice.reaches('waiting');
  await bob.start();
  await Promise.all([alice, bob].map((person) => person.reaches('in-call')));
  await Promise.all([alice, bob].map((person) => person.receivesMedia()));

  assert.deepEqual([await alice.initiator(), await bob.initiator()], [false, true], 'the one who waited is called');
  const path = await alice.page.evaluate(() => window.passed.map(({ state }) => state));
  assert.deepEqual(path, ['idle', 'media', 'connecting', 'waiting', 'negotiating', 'in-call']);
  assert.match(await alice.page.textContent('#elapsed'), /^\d+:\d\d$/);
});

test('Next by the Esc key leaves one waiting and gives the other to the third', async (t) => {
  const [alice, bob, carol] = [await visit(t), await visit(t), await visit(t)];
  await alice.start();
  await alice.reaches('waiting');
  await bob.start();
  await Promise.all([alice, bob].map((person) => person.reaches('in-call')));
  await carol.start();
  await carol.reaches('waiting');

  await alice.page.keyboard.press('Escape');
  assert.match(await bob.reaches('partner-left'), /moved on/);
  await Promise.all([bob, carol].map((person) => person.reaches('in-call')));
  await Promise.all([bob, carol].map((person) => person.receivesMedia()));
  assert.equal(await alice.state(), 'waiting');

  // Whom she gets depends on how long ago she and Bob parted; that she gets somebody does not.
  await carol.page.click('#next');
  await alice.reaches('in-call');
  await alice.receivesMedia();
});

test('a partner whose page is gone is announced, and the other looks again', async (t) => {
  // So long it is hoped that he comes back.
  const own = await startServer({ env: { RESUME_WINDOW: '5s' } });
  const [alice, bob] = [await visit(t, own.url), await visit(t, own.url)];
  t.after(() => own.stop());
  await alice.start();
  await bob.start();
  await Promise.all([alice, bob].map((person) => person.reaches('in-call')));

  await bob.leave();
  assert.match(await alice.reaches('partner-left'), /Your partner .+ Looking for someone else/);
  await alice.reaches('waiting');

  const carol = await visit(t, own.url);
  await carol.start();
  await Promise.all([alice, carol].map((person) => person.reaches('in-call')));
  await Promise.all([alice, carol].map((person) => person.receivesMedia()));
});

test('Stop ends the call, gives the camera back and frees the partner', async (t) => {
  const [alice, bob] = [await visit(t), await visit(t)];
  await alice.start();
  await bob.start();
  await Promise.all([alice, bob].map((person) => person.reaches('in-call')));
  const tracks = await alice.page.evaluateHandle(() => document.querySelector('#local').srcObject.getTracks());

  await alice.page.click('#stop');
  await alice.reaches('idle');
  assert.deepEqual(await tracks.evaluate((all) => all.map((track) => track.readyState)), ['ended', 'ended']);
  assert.equal(await alice.page.evaluate(() => document.querySelector('#local').srcObject), null);
  assert.match(await bob.reaches('partner-left'), /left/);

  await alice.start();
  await Promise.all([alice, bob].map((person) => person.reaches('in-call')));
});
