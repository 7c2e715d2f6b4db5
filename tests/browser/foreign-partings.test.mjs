import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServer } from './support/server.mjs';
import { DEMO, frontEnds, inCall, meet, PLAIN, REACT, visit } from './support/strangers.mjs';

test('Next leaves one waiting and gives the other to the third, whatever they are written with', async (t) => {
  const [alice, bob, carol] = [await visit(t, PLAIN), await visit(t, REACT), await visit(t, PLAIN)];
  await meet(alice, bob);
  await carol.start();
  await carol.reaches('waiting');
  await bob.page.click('#next');
  await bob.reaches('waiting');
  assert.equal(await alice.reaches('waiting'), 'next');
  await inCall(alice, carol);
  assert.equal(await bob.state(), 'waiting');
});

test('a page whose partner closed its tab waits, and meets the next who comes', async (t) => {
  const [alice, bob] = [await visit(t, REACT), await visit(t, PLAIN)];
  await meet(alice, bob);
  await bob.leave();
  assert.match(await alice.reaches('waiting'), /^(disconnected|left)$/);
  const carol = await visit(t, DEMO);
  await carol.start();
  await inCall(alice, carol);
});

test('a page that leaves is not matched before it comes back', async (t) => {
  const [alice, bob] = [await visit(t, PLAIN), await visit(t, PLAIN)];
  await meet(alice, bob);
  await alice.page.click('#stop');
  assert.equal(await bob.reaches('waiting'), 'left');
  assert.equal(await alice.state(), 'idle');
});

test('of two origins that serve the same page only the one that is allowed gets in', async (t) => {
  const guarded = await startServer({ env: { ALLOWED_ORIGIN: frontEnds.origin } });
  t.after(() => guarded.stop());
  const { url } = guarded;
  const unknown = await visit(t, PLAIN, { url, origin: frontEnds.otherOrigin, outage: true });
  await unknown.start();
  assert.equal(await unknown.reaches('disconnected'), '1006');
  await meet(await visit(t, PLAIN, { url }), await visit(t, PLAIN, { url }));
});
