/** Codes and sides, with the real server. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MeetpointError, mintCode, openSide, redeemCode } from '../../web/client/client.js';
import { startProxy } from './support/proxy.mjs';
import { WebSocket, event, reaches, serve } from './support/stage.mjs';

function sit(t, url, options) {
  const side = openSide(url, { WebSocket, ...options });
  t.after(() => side.close());
  return side;
}

test('a code leads to the room of whoever minted it, once', async (t) => {
  const { url, socket } = await serve(t);
  const minted = await mintCode(url);
  assert.match(minted.code, /^\d{4,8}$/);
  assert.ok(Date.parse(minted.expiresAt) > Date.now());
  // Any address of the server will do.
  const { appId, expiresAt } = await redeemCode(socket, minted.code);
  assert.deepEqual([appId, expiresAt], [minted.appId, minted.expiresAt]);
  await assert.rejects(redeemCode(url, minted.code), (error) => error instanceof MeetpointError && error.code === 'GONE' && error.status === 410);
  await assert.rejects(redeemCode(url, 'no code'), { code: 'HTTP', status: 400, message: 'bad request' });
  await assert.rejects(mintCode(url, { signal: AbortSignal.abort() }), { name: 'AbortError' });
});

test('whoever guesses is told how long to wait', async (t) => {
  const { url } = await serve(t);
  let refused;
  for (let guess = 0; guess < 12 && refused?.code !== 'RATE_LIMIT'; guess++) refused = await redeemCode(url, `000${guess}`.slice(-4)).catch((error) => error);
  assert.deepEqual([refused.code, refused.status], ['RATE_LIMIT', 429]);
  assert.ok(refused.retryAfter > 0 && refused.retryAfter <= 60);
});

test('what one side says waits for the other, and each hears when the other comes and goes', async (t) => {
  const { url } = await serve(t);
  const { appId } = await mintCode(url);
  const alice = sit(t, url, { appId, side: 'A' });
  alice.signal({ type: 'offer', sdp: 'before it is open' });
  await reaches(alice, 'connected');
  alice.signal({ type: 'ice', candidate: { candidate: 'c' } });
  assert.equal(alice.present, false);
  const comes = event(alice, 'peer');
  const bob = sit(t, url, { appId, side: 'B' });
  const heard = [];
  bob.addEventListener('signal', ({ frame }) => heard.push(frame));
  assert.equal((await comes).present, true);
  const answered = event(alice, 'signal');
  bob.signal({ type: 'answer', sdp: { type: 'answer', sdp: 'x' } });
  assert.deepEqual((await answered).frame, { type: 'answer', sdp: { type: 'answer', sdp: 'x' } });
  assert.deepEqual(heard, [{ type: 'offer', sdp: 'before it is open' }, { type: 'ice', candidate: { candidate: 'c' } }]);
  const goes = event(alice, 'peer');
  bob.close();
  assert.equal((await goes).present, false);
  assert.throws(() => bob.signal({ type: 'ice', candidate: 1 }), { code: 'CLOSED' });
});

test('a side comes back to its place after a cut, and a stranger does not get it', async (t) => {
  const server = await serve(t);
  const network = await startProxy(t, server.port);
  const { appId } = await mintCode(server.url);
  const alice = sit(t, network.base, { appId, side: 'A' });
  await reaches(alice, 'connected');
  const stranger = sit(t, server.url, { appId, side: 'A' });
  await reaches(stranger, 'failed');
  const bob = sit(t, server.url, { appId, side: 'B' });
  await event(alice, 'peer');
  network.reset();
  await reaches(alice, 'disconnected');
  assert.equal(alice.present, false);
  alice.signal({ type: 'ice', candidate: 'while cut' });
  while (!alice.present) await event(alice, 'peer');
  while ((await event(bob, 'signal')).frame.candidate !== 'while cut');
});

test('a page that reloads takes its side back with its sid, and the old socket is out', async (t) => {
  const { url } = await serve(t);
  const { appId } = await mintCode(url);
  const before = sit(t, url, { appId, side: 'A', sid: 'mine' });
  await reaches(before, 'connected');
  const after = sit(t, url, { appId, side: 'A', sid: before.sid });
  await reaches(before, 'failed');
  assert.equal(after.state, 'connected');
});

test('what waits for a connection is bounded', async (t) => {
  const side = sit(t, 'ws://127.0.0.1:9', { appId: crypto.randomUUID(), side: 'B', signal: AbortSignal.timeout(500) });
  assert.throws(() => {
    for (let count = 0; count <= 64; count++) side.signal({ type: 'ice', candidate: count });
  }, { code: 'QUEUE_FULL' });
  await reaches(side, 'closed');
});
