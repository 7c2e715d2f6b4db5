import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fault } from './support/schema.mjs';
import { PLAIN, visit } from './support/strangers.mjs';

test('a frame that is not as described is told, and so is where it differs', () => {
  assert.equal(fault('chat', 'server', '{"type":"pong"}'), null);
  for (const [text, told] of [
    ['', /no JSON/],
    ['null', /no message/],
    ['{"type":"toString"}', /no message/],
    ['{"type":"pong","extra":1}', /additional properties/],
    ['{"type":"partner-left"}', /reason/],
    ['{"type":"peer-back","topic":"t","clientId":"me"}', /clientId/],
  ]) {
    assert.match(fault('chat', 'server', text), told, text);
  }
  assert.equal(fault('chat', 'client', '{"type":"available","extra":1}'), null);
  assert.match(fault('sides', 'server', '{"type":"deliver","seq":0,"payload":1}'), /seq/);
});

test('what a page says is judged, and what it hears', async (t) => {
  const alice = await visit(t, PLAIN);
  await alice.start();
  await alice.reaches('waiting');
  assert.deepEqual(alice.faults, []);
  await alice.page.evaluate(() => {
    send({ type: 'offer', to: 5 });
    return new Promise((resolve) => socket.addEventListener('message', resolve, { once: true }));
  });
  const faults = alice.faults.splice(0);
  assert.match(faults[0], /no such frame of the client's: data\/to/);
  assert.match(faults[1], /^INVALID_FORMAT/, 'the page itself complains of the answer');
  assert.equal(faults.length, 2);
});
