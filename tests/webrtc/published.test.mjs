import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { mint, redeem } from './signaling.mjs';
import { dial, mailbox, receive, send } from './support/published.mjs';
import { server } from './support/stage.mjs';

/** Both ends reach each other, the bytes go over, and both have seen the same authentication string. */
async function transfer(session, source, reach) {
  const [shown, ways] = [[], []];
  const show = (sas) => shown.push(sas);
  const from = (side) => async () => {
    ways.push(await reach(side));
    return ways.at(-1);
  };
  const [sent, received] = await Promise.all([send(from('A'), session, source, show), receive(from('B'), session, show)]);
  for (const way of ways) await way.close();
  assert.equal(sent.bytesSent, source.length);
  assert.ok(received.signatureVerified);
  assert.ok(source.equals(received.result), 'what came is what was sent');
  assert.equal(shown.length, 2);
  assert.equal(shown[0], shown[1]);
}

test('the published sender and receiver pass a file by code over a data channel', async () => {
  const { code, appID } = await mint(server);
  const { appID: room } = await redeem(server, code);
  assert.equal(room, appID);
  const session = { sessionId: appID, policy: 'rtc' };
  await transfer(session, randomBytes(4 * 1024 * 1024), (side) => dial(room, side));
});

test('the published sender and receiver pass a file through the mailbox alone', async () => {
  const { appID } = await mint(server);
  const session = { sessionId: appID, policy: 'ws_async' };
  await transfer(session, randomBytes(4 * 1024 * 1024), (side) => mailbox(appID, side, { sessionId: randomUUID() }));
});
