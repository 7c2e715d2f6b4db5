import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Person } from './support/browser.mjs';
import { withInterpreter, withPuppetServer } from './support/puppet.mjs';
import { browser, server } from './support/stage.mjs';

test('where the server names no initiator, the smaller id offers', async (t) => {
  const ids = [];
  const forgetInitiator = ({ initiator, ...frame }, say) => {
    if (frame.type === 'ready') ids.push(frame.clientId);
    say(frame);
  };
  const visit = () => withInterpreter(t, browser, server.url, forgetInitiator);
  const [alice, bob] = [await visit(), await visit()];
  await alice.start();
  await alice.reaches('waiting');
  await bob.start();
  await Promise.all([alice, bob].map((person) => person.reaches('in-call')));
  const aliceOffers = ids[0] < ids[1];
  assert.deepEqual([await alice.initiator(), await bob.initiator()], [aliceOffers, !aliceOffers]);
});

test('candidates ahead of their offer and frames of an earlier partner do no harm', async (t) => {
  let offer;
  const shuffle = (frame, say) => {
    if (frame.type === 'offer') return (offer = frame);
    say(frame);
    if (frame.type !== 'ice' || !offer) return;
    for (const type of ['offer', 'answer']) say({ type, from: 'an earlier partner', sdp: { type, sdp: 'v=0' } });
    say(offer);
    offer = undefined;
  };
  const alice = await withInterpreter(t, browser, server.url, shuffle);
  const bob = await Person.visit(t, browser, server.url);
  await alice.start();
  await alice.reaches('waiting');
  await bob.start();
  await Promise.all([alice, bob].map((person) => person.reaches('in-call')));
  await Promise.all([alice, bob].map((person) => person.receivesMedia()));
  assert.equal(await alice.page.textContent('#notice'), '');
});

test('a connection that failed is mended by a new offer of the initiator', async (t) => {
  const [alice, bob] = [await Person.visit(t, browser, server.url), await Person.visit(t, browser, server.url)];
  for (const person of [alice, bob]) await person.start();
  await Promise.all([alice, bob].map((person) => person.reaches('in-call')));
  const caller = (await alice.initiator()) ? alice : bob;
  const negotiated = () => window.meetpoint.call.peerConnection.remoteDescription.sdp.match(/a=ice-ufrag:(.*)/)[1];
  const before = await caller.page.evaluate(negotiated);

  // ICE would take half a minute to fail by itself, so it is made to look failed until that is acted upon.
  await caller.page.evaluate(() => {
    const { peerConnection } = window.meetpoint.call;
    const tell = () => peerConnection.dispatchEvent(new Event('connectionstatechange'));
    Object.defineProperty(peerConnection, 'connectionState', { value: 'failed', configurable: true });
    tell();
    peerConnection.addEventListener('negotiationneeded', () => delete peerConnection.connectionState, { once: true });
    peerConnection.addEventListener('signalingstatechange', () => peerConnection.signalingState === 'stable' && tell());
  });
  await caller.reaches('negotiating');
  await caller.reaches('in-call');
  assert.notEqual(await caller.page.evaluate(negotiated), before);
  await Promise.all([alice, bob].map((person) => person.receivesMedia()));
});

test('a partner who never answers is left for the next one', async (t) => {
  const heard = [];
  const alice = await withPuppetServer(t, browser, server.url, ({ say, hear }) =>
    hear(({ type }) => {
      heard.push(type);
      if (heard.length === 1) say({ type: 'matched', roomId: 'room', partnerId: 'bob', initiator: false });
    }),
  );
  await alice.page.clock.install();
  await alice.start();
  await alice.reaches('negotiating');
  await alice.page.clock.fastForward('00:31');
  assert.match(await alice.reaches('partner-left'), /could not be reached/);
  assert.deepEqual(heard, ['available', 'next', 'available']);
});

test('a partner who is away is waited for, and not for long when no media flows', async (t) => {
  let say;
  const alice = await withPuppetServer(t, browser, server.url, (wire) => {
    say = wire.say;
    wire.hear(({ type }) => type === 'available' && say({ type: 'matched', roomId: 'room', partnerId: 'bob', initiator: true }));
  });
  await alice.page.clock.install();
  await alice.start();
  await alice.reaches('negotiating');
  for (let absence = 0; absence < 2; absence += 1) {
    say({ type: 'partner-away', until: 0xffff_ffff_ffff });
    assert.match(await alice.reaches('partner-away'), /^Your partner is reconnecting…$/);
    await alice.page.clock.fastForward('00:10');
    say({ type: 'partner-back' });
    await alice.reaches('negotiating');
  }
  say({ type: 'partner-away', until: 0xffff_ffff_ffff });
  await alice.reaches('partner-away');
  await alice.page.clock.fastForward('00:16');
  assert.match(await alice.reaches('partner-left'), /could not be reached/);
});

test('a page that missed the parting looks again when the server knows of no partner', async (t) => {
  const alice = await withPuppetServer(t, browser, server.url, ({ say, hear }) => {
    let matched = false;
    hear(({ type }) => {
      if (type === 'available' && !matched) matched = say({ type: 'matched', roomId: 'room', partnerId: 'bob', initiator: true }) ?? true;
      if (type === 'offer') say({ type: 'error', code: 'NOT_PAIRED', message: 'Not paired with a partner' });
    });
  });
  await alice.start();
  await alice.reaches('negotiating');
  await alice.reaches('partner-left');
  assert.equal(await alice.page.textContent('#notice'), '');
});

test('what the server says is shown as text, never as markup', async (t) => {
  const markup = '<img src=x onerror="document.title=\'owned\'">';
  const alice = await withPuppetServer(t, browser, server.url, ({ say, hear }) => hear(() => say({ type: 'error', code: 'ODD', message: markup })));
  await alice.start();
  await alice.page.waitForFunction((text) => document.querySelector('#notice').textContent.includes(text), markup);
  assert.equal(await alice.page.locator('#notice *').count(), 0);
  assert.equal(await alice.state(), 'waiting');
});

test('errors that only say that messages crossed are not shown', async (t) => {
  const alice = await withPuppetServer(t, browser, server.url, ({ say }) => {
    for (const code of ['LOUD', 'ALREADY_PAIRED', 'NOT_PAIRED', 'pong']) say({ type: 'error', code, message: code });
    say({ type: 'partner-left', reason: 'next' });
  });
  await alice.start();
  await alice.reaches('waiting');
});
