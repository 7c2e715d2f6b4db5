/** Perfect negotiation between the RTCPeerConnections of a real browser. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update'];
const HTML = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/lab.mjs"></script>';

let browser;
let server;
let page;

before(async () => {
  server = createServer(async ({ url }, answer) => {
    const file = url === '/lab.mjs' ? new URL('support/lab.mjs', import.meta.url) : new URL(`../../web/client${url}`, import.meta.url);
    answer.setHeader('Content-Type', url === '/' ? 'text/html' : 'text/javascript');
    answer.end(url === '/' ? HTML : await readFile(file));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
  page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.waitForFunction('window.lab');
});

after(async () => {
  await browser?.close();
  server?.close();
});

const run = (script, argument) => page.evaluate(script, argument);

test('the impolite side offers, once, and both are connected', async () => {
  const told = await run(async () => {
    const [a, b] = lab.wires();
    const [alice, bob] = [new lab.End(a, { polite: false }), new lab.End(b, { polite: true })];
    await lab.talk(alice, bob);
    return [alice.offers(), bob.offers(), bob.wire.said.filter((type) => type === 'answer').length, alice.errors, bob.errors];
  });
  assert.deepEqual(told, [1, 0, 1, [], []]);
});

test('when both offer at once, the polite side takes its offer back', async () => {
  const told = await run(async () => {
    const [a, b] = lab.wires();
    a.delay = b.delay = () => 50;
    const [alice, bob] = [new lab.End(a, { polite: false }), new lab.End(b, { polite: true, first: true })];
    await lab.talk(alice, bob);
    return [alice.offers(), bob.offers(), alice.wire.said.includes('answer'), bob.wire.said.includes('answer'), alice.errors, bob.errors];
  });
  assert.deepEqual(told, [1, 1, false, true, [], []]);
});

test('later either side may ask for more, also both at once', async () => {
  const told = await run(async () => {
    const [a, b] = lab.wires();
    const [alice, bob] = [new lab.End(a, { polite: false }), new lab.End(b, { polite: true })];
    await lab.talk(alice, bob);
    a.delay = b.delay = () => 30;
    bob.pc.addTransceiver('audio');
    await lab.sleep(300);
    const afterBob = alice.pc.getTransceivers().length;
    alice.pc.addTransceiver('video');
    bob.pc.addTransceiver('video');
    const agreed = ({ pc }) => pc.signalingState === 'stable' && pc.getTransceivers().filter(({ mid }) => mid).length >= 3;
    for (let calm = 0; calm < 3; calm = agreed(alice) && agreed(bob) ? calm + 1 : 0) await lab.sleep(100);
    await lab.talk(alice, bob);
    return [afterBob, alice.restarts + bob.restarts, alice.errors, bob.errors];
  });
  assert.deepEqual(told, [1, 0, [], []]);
});

test('candidates that come before the description wait for it', async () => {
  await run(async () => {
    const [a, b] = lab.wires();
    a.delay = b.delay = ({ type }) => (type === 'ice' ? 0 : 200);
    const [alice, bob] = [new lab.End(a, { polite: false }), new lab.End(b, { polite: true })];
    await lab.talk(alice, bob);
  });
});

test('what was added long before it began is offered, too', async () => {
  const offers = await run(async () => {
    const [a] = lab.wires();
    const pc = new RTCPeerConnection();
    pc.addTransceiver('audio');
    await lab.sleep(50);
    lab.negotiate(pc, a, { polite: false });
    await lab.sleep(200);
    return a.said.filter((type) => type === 'offer').length;
  });
  assert.equal(offers, 1);
});

test('descriptions are understood as texts, too', async () => {
  await run(async () => {
    const [a, b] = lab.wires();
    a.bend = b.bend = ({ sdp, ...frame }) => (sdp ? { ...frame, sdp: sdp.sdp } : frame);
    const [alice, bob] = [new lab.End(a, { polite: false }), new lab.End(b, { polite: true })];
    await lab.talk(alice, bob);
  });
});

test('a description of no use is told, and the next one is taken', async () => {
  const errors = await run(async () => {
    const [a, b] = lab.wires();
    const bob = new lab.End(b, { polite: true });
    for (const frame of [{ type: 'offer', sdp: 'nonsense' }, { type: 'offer' }, { type: 'ice', candidate: 7 }, { type: 'ice' }, { type: 'answer', sdp: 'late' }]) a.signal(frame);
    await lab.sleep(50);
    const alice = new lab.End(a, { polite: false });
    await lab.talk(alice, bob);
    return bob.errors.length;
  });
  assert.equal(errors, 2);
});

for (const reloads of ['alice', 'bob', 'both']) {
  test(`after a reload of ${reloads} they are connected anew`, async () => {
    const told = await run(async (reloads) => {
      const [a, b] = lab.wires();
      const [alice, bob] = [new lab.End(a, { polite: false }), new lab.End(b, { polite: true })];
      await lab.talk(alice, bob);
      a.delay = b.delay = () => 30;
      if (reloads !== 'bob') alice.reload();
      if (reloads !== 'alice') bob.reload();
      await lab.talk(alice, bob);
      return [alice.restarts + bob.restarts > 0, alice.errors, bob.errors];
    }, reloads);
    assert.deepEqual(told.slice(1), [[], []]);
    assert.ok(told[0] || reloads === 'both', 'who was not reloaded builds its connection anew');
  });
}

test('what a side said before the other was reloaded does not keep them apart', async () => {
  await run(async () => {
    const [a, b] = lab.wires();
    const [alice, bob] = [new lab.End(a, { polite: false }), new lab.End(b, { polite: true })];
    await lab.talk(alice, bob);
    a.delay = b.delay = () => 100;
    // Both at once: she asks for more of a connection that he no longer has.
    alice.pc.addTransceiver('audio');
    bob.reload();
    await lab.talk(alice, bob);
    bob.pc.addTransceiver('audio');
    alice.reload();
    await lab.talk(alice, bob);
  });
});

for (const side of ['impolite', 'polite']) {
  test(`when the connection fails for the ${side} side, ICE is restarted`, async () => {
    const told = await run(async (side) => {
      const [a, b] = lab.wires();
      const [alice, bob] = [new lab.End(a, { polite: false }), new lab.End(b, { polite: true })];
      await lab.talk(alice, bob);
      const before = alice.ufrag();
      const { pc } = side === 'polite' ? bob : alice;
      Object.defineProperty(pc, 'connectionState', { get: () => (alice.ufrag() === before ? 'failed' : 'connected') });
      pc.dispatchEvent(new Event('connectionstatechange'));
      for (let waited = 0; waited < 200 && alice.ufrag() === before; waited++) await lab.sleep(50);
      await lab.talk(alice, bob);
      return [alice.ufrag() !== before, alice.offers() + bob.offers() > 1, alice.restarts + bob.restarts];
    }, side);
    assert.deepEqual(told, [true, true, 0]);
  });
}

test('closed, it lets go of the connection and the channel, and closes neither', async () => {
  const told = await run(async () => {
    const [a, b] = lab.wires();
    const abort = new AbortController();
    const [alice, bob] = [new lab.End(a, { polite: false, signal: abort.signal }), new lab.End(b, { polite: true })];
    await lab.talk(alice, bob);
    abort.abort();
    const said = a.said.length;
    alice.pc.addTransceiver('audio');
    bob.pc.addTransceiver('audio');
    await lab.sleep(200);
    const never = lab.negotiate(new RTCPeerConnection(), a, { polite: false, signal: AbortSignal.abort() });
    return [a.said.length - said, alice.pc.connectionState, bob.pc.signalingState, never.constructor.name];
  });
  assert.deepEqual(told, [0, 'connected', 'have-local-offer', 'Negotiation']);
});
