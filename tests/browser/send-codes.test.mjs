import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServer } from './support/server.mjs';
import { connected, visit } from './support/senders.mjs';
import { codeOf, forgive, made, phase, row, save, type } from './support/sending.mjs';

const refusal = ({ page }) => page.locator('#refusal:not(:empty)').textContent();

test('a wrong code is told in words, and the right one can be typed next', async (t) => {
  const [alice, bob, carol] = [await visit(t), await visit(t), await visit(t)];
  await alice.page.setInputFiles('#files', made('note.txt'));
  const code = await codeOf(alice);
  const wrong = code === '0000' ? '0001' : '0000';

  await type(bob, 'nought');
  assert.match(await refusal(bob), /4 to 8 digits/);
  await type(bob, wrong);
  assert.match(await bob.page.locator('#refusal', { hasText: 'mistyped' }).textContent(), /No file waits under that code/);
  assert.equal(await bob.page.evaluate(() => document.activeElement.id), 'code', 'it can be typed again at once');
  assert.equal(await bob.page.getAttribute('#code', 'aria-invalid'), 'true');
  await type(bob, code);
  await phase(bob, 'note.txt', 'done');

  await type(carol, code);
  assert.match(await refusal(carol), /used already/);
  for (const person of [bob, carol]) forgive(person, /410/);
});

for (const [how, written] of [
  ['with spaces and dashes', ([a, b, c, d]) => ` ${a}-${b} ${c}.${d} `],
  ['in full-width digits', (code) => [...code].map((digit) => String.fromCodePoint(0xff10 + Number(digit))).join('')],
  ['as the link', (code) => `http://127.0.0.1:8080/send#${code}`],
]) {
  test(`a code may be written ${how}`, async (t) => {
    const [alice, bob] = [await visit(t), await visit(t)];
    await alice.page.setInputFiles('#files', made('note.txt'));
    await type(bob, written(await codeOf(alice)));
    await phase(bob, 'note.txt', 'done');
  });
}

test('the link that can be copied leads straight to the file', async (t) => {
  const permissions = ['clipboard-read', 'clipboard-write'];
  const alice = await visit(t, { context: { permissions } });
  await alice.page.setInputFiles('#files', made('note.txt'));
  const code = await codeOf(alice);
  const clipboard = () => alice.page.evaluate(() => navigator.clipboard.readText());
  await alice.page.click('#copy-code');
  await alice.page.waitForFunction(() => document.querySelector('#notice').textContent === 'Copied.');
  assert.equal(await clipboard(), code);
  await alice.page.click('#copy-link');
  await alice.page.waitForFunction(async (code) => (await navigator.clipboard.readText()).endsWith(`/send#${code}`), code);
  const bob = await visit(t, { hash: new URL(await clipboard()).hash });
  await phase(bob, 'note.txt', 'done');
  assert.equal(await bob.page.evaluate(() => location.hash), '', 'a reload does not try the code again');
});

test('a code that nobody types expires, and a new one is good for the same files', async (t) => {
  const alice = await visit(t, { prepare: (page) => page.clock.install() });
  // Before it stands, the browser complains of a socket that is closed.
  const waiting = alice.page.waitForEvent('websocket').then((socket) => socket.waitForEvent('framesent'));
  await alice.page.setInputFiles('#files', made('note.txt'));
  await codeOf(alice);
  await waiting;
  assert.match(await alice.page.textContent('#left'), /^(10:00|9:5\d)$/);
  await alice.page.clock.fastForward('10:01');
  assert.match(await alice.reaches('failed'), /Nobody typed the code/);
  await alice.page.getByRole('button', { name: 'New code' }).click();
  const bob = await visit(t);
  await type(bob, await codeOf(alice));
  await phase(bob, 'note.txt', 'done');
});

test('who guesses too much is told how long to wait', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const bob = await visit(t, { url: server.url });
  for (let guess = 0; guess < 10; guess += 1) {
    await type(bob, `000${guess}`);
    await bob.page.locator('#refusal', { hasText: 'No file waits' }).waitFor();
    await bob.page.fill('#code', '');
  }
  await type(bob, '0010');
  assert.match(await bob.page.locator('#refusal', { hasText: 'Too many' }).textContent(), /Try again in (\d+ s|1 min 0 s)\./);
  forgive(bob, /410/);
  forgive(bob, /429/);
});

test('a server that is gone is told, to who sends and to who receives', async (t) => {
  const server = await startServer();
  const [alice, bob] = [await visit(t, { url: server.url, outage: true }), await visit(t, { url: server.url, outage: true })];
  await server.stop();
  await alice.page.setInputFiles('#files', made('note.txt'));
  assert.match(await alice.reaches('failed'), /server cannot be reached/);
  assert.ok(await alice.page.isVisible('#renew'));
  await type(bob, '1234');
  assert.match(await refusal(bob), /server cannot be reached/);
});

test('a large file goes to the disk at once, where the browser can, when its place is chosen', async (t) => {
  const stage = () => {
    window.showSaveFilePicker = async ({ suggestedName }) => {
      window.suggested = suggestedName;
      return (await navigator.storage.getDirectory()).getFileHandle('chosen', { create: true });
    };
    window.written = async () => (await (await (await navigator.storage.getDirectory()).getFileHandle('chosen')).getFile()).text();
  };
  const [alice, bob] = await connected(t, made('small.txt'), { receiver: { prepare: (page) => page.addInitScript(stage) } });
  await phase(bob, 'small.txt', 'done');
  await bob.page.evaluate(() => (window.meetpoint.incoming.large = 1_000_000));
  const content = 'film '.repeat(600_000);
  await alice.page.setInputFiles('#files', made('film.txt', content));
  assert.match(await phase(bob, 'film.txt', 'asking'), /choose where to save it/);
  assert.match(await phase(alice, 'film.txt', 'asking'), /the other side is asked/);
  await row(bob, 'film.txt').getByRole('button', { name: 'Save as…' }).click();
  await Promise.all([alice, bob].map((person) => phase(person, 'film.txt', 'done')));
  assert.equal(await bob.page.evaluate(() => window.suggested), 'film.txt');
  assert.ok((await bob.page.evaluate(() => window.written())) === content, 'the disk has what was sent');
  assert.equal(await row(bob, 'film.txt').getByRole('link').count(), 0, 'it lies where it was put');
});

test('a program on the other side that says what it should not does no harm', async (t) => {
  const keepChannel = () => {
    const { createDataChannel } = RTCPeerConnection.prototype;
    RTCPeerConnection.prototype.createDataChannel = function (...asked) {
      return (window.channel = createDataChannel.apply(this, asked));
    };
  };
  const [alice, bob] = await connected(t, made('note.txt'), { sender: { prepare: (page) => page.addInitScript(keepChannel) } });
  await phase(bob, 'note.txt', 'done');
  const say = (...said) =>
    alice.page.evaluate((said) => {
      for (const one of said) window.channel.send(typeof one === 'number' ? new Uint8Array(one) : one);
    }, said);
  const frame = (id, more) => JSON.stringify({ id, ...more });

  await say(7, 'no JSON', '{}', '{"type":"file","id":"x"}', frame(98, { type: 'end', sha256: '0'.repeat(64) }));
  await say(frame(100, { type: 'file', name: 'more.bin', size: 3 }), 10);
  assert.match(await phase(bob, 'more.bin', 'failed'), /More came than was announced/);
  await say(frame(101, { type: 'file', name: 'less.bin', size: 30 }), 10, frame(101, { type: 'end', sha256: '0'.repeat(64) }));
  assert.match(await phase(bob, 'less.bin', 'failed'), /Less came than was announced/);
  await say(frame(102, { type: 'file', name: 'other.bin', size: 10 }), 10, frame(102, { type: 'end', sha256: '0'.repeat(64) }));
  assert.match(await phase(bob, 'other.bin', 'failed'), /differs from what was sent/);
  assert.equal(await row(bob, 'other.bin').getByRole('link').count(), 0);

  await alice.page.setInputFiles('#files', made('true.txt'));
  await phase(bob, 'true.txt', 'done');
  assert.equal((await save(bob, 'true.txt')).name, 'true.txt');
});
