import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOOK, inCall, meet, NEGOTIATED, PLAIN, visit } from './support/strangers.mjs';

for (const [first, second] of [[HOOK, HOOK], [NEGOTIATED, NEGOTIATED], [HOOK, NEGOTIATED], [PLAIN, NEGOTIATED], [HOOK, PLAIN]]) {
  test(`with the hook: ${second} calls ${first} and both see each other`, async (t) => {
    const words = await meet(await visit(t, first), await visit(t, second));
    assert.deepEqual(words, ['called', 'calling']);
  });
}

test('with the hook, Next leaves one waiting and gives the other to the third', async (t) => {
  const [alice, bob, carol] = [await visit(t, HOOK), await visit(t, NEGOTIATED), await visit(t, NEGOTIATED)];
  await meet(alice, bob);
  await carol.start();
  await carol.reaches('waiting');
  await bob.page.click('#next');
  await bob.reaches('waiting');
  await inCall(alice, carol);
  assert.equal(await bob.state(), 'waiting');
});

test('StrictMode opens one socket and leaves no ghost behind', async (t) => {
  const { page } = await visit(t, HOOK);
  const server = new URL(page.url()).searchParams.get('server').replace('ws', 'http');
  await page.waitForFunction(() => !document.querySelector('#start').disabled);
  const { clients } = await (await fetch(new URL('/healthz', server))).json();
  assert.equal(clients, 1);
});

/** In the page: a server of one partner, whose offer comes in the same breath as the match. */
function pretendServer() {
  const say = (socket, frame) => socket.onmessage({ data: JSON.stringify(frame) });
  window.WebSocket = class {
    readyState = 1;
    constructor() {
      queueMicrotask(() => this.onopen());
    }
    send(text) {
      const { type } = JSON.parse(text);
      if (type === 'answer') window.isAnswered = true;
      queueMicrotask(() => {
        if (type === 'hello') say(this, { type: 'ready', clientId: 'alice', pingInterval: 20_000, protocol: 1, features: ['match'] });
        if (type !== 'available') return;
        const sdp = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n';
        say(this, { type: 'matched', roomId: 'room', partnerId: 'bob', initiator: false });
        say(this, { type: 'offer', from: 'bob', sdp: { type: 'offer', sdp } });
      });
    }
    close() {}
  };
}

for (const path of [HOOK, NEGOTIATED]) {
  test(`with the hook, ${path} answers an offer that comes in the same breath as the match`, async (t) => {
    const alice = await visit(t, path, { prepare: (page) => page.addInitScript(pretendServer) });
    await alice.start();
    await alice.page.waitForFunction(() => window.isAnswered);
  });
}
