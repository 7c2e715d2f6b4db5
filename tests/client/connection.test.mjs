/** How the client comes to its server, stays, and comes back. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Meetpoint } from '../../web/client/client.js';
import { page, pong, ready, resumed, settle, stage } from './support/fake.mjs';

test('says hello first, on a resumable socket, and is connected when the server is ready', async (t) => {
  const world = stage(t);
  const { client, states } = await world.client('https://example.org/ws?x=1');
  assert.equal(world.socket.url, 'wss://example.org/ws?x=1&resumable=1&goaway=1');
  assert.equal(client.state, 'connecting');
  const socket = await world.greet();
  assert.deepEqual(socket.hello, { type: 'hello' });
  assert.equal(client.state, 'connected');
  assert.equal(client.clientId, 'alice');
  assert.deepEqual(client.features, ['match', 'rooms', 'resume']);
  assert.deepEqual(states, [{ state: 'connected', previous: 'connecting', resumed: false }]);
});

test('what is no address is told at once', () => {
  assert.throws(() => new Meetpoint('no address', { WebSocket: class {} }), TypeError);
});

test('without a WebSocket the client fails and says so', async (t) => {
  const world = stage(t);
  const { WebSocket } = globalThis;
  delete globalThis.WebSocket;
  t.after(() => WebSocket && Object.assign(globalThis, { WebSocket }));
  const { states } = await world.client(undefined, { WebSocket: undefined });
  assert.equal(states[0].state, 'failed');
  assert.match(states[0].reason, /WebSocket.* is not a constructor/);
});

test('a WebSocket that cannot even be made fails the client', async (t) => {
  const world = stage(t);
  const { states } = await world.client(undefined, {
    WebSocket: class {
      constructor() {
        throw new DOMException('insecure', 'SecurityError');
      }
    },
  });
  assert.equal(states[0].state, 'failed');
  assert.match(states[0].reason, /insecure/);
});

test('a client that is closed in the turn of its making never dials', async (t) => {
  const world = stage(t);
  const client = new Meetpoint('wss://example.org/ws', { WebSocket: world.WebSocket });
  client.close();
  await settle();
  assert.equal(world.sockets.length, 0);
  assert.equal(client.state, 'closed');
  const aborted = await world.client(undefined, { signal: AbortSignal.abort() });
  assert.equal(aborted.client.state, 'closed');
  assert.equal(world.sockets.length, 0);
});

for (const code of [1001, 1006, 1011, 1012, 1013, 4000, 4008, 4011, 4399]) {
  test(`comes back after ${code}`, async (t) => {
    const world = stage(t);
    const { client, states, socket } = await world.connected();
    socket.cut(code, 'why');
    assert.deepEqual(states.at(-1), { state: 'disconnected', previous: 'connected', code, reason: 'why' });
    await world.pass(124);
    assert.equal(world.sockets.length, 1);
    await world.pass(1);
    assert.equal(world.sockets.length, 2);
    await world.greet(resumed(0));
    assert.equal(client.state, 'connected');
  });
}

for (const code of [1000, 1002, 1003, 1005, 1007, 1008, 1009, 1010, 1015, 3000, 4400, 4401, 4409, 4999]) {
  test(`stays away after ${code}`, async (t) => {
    const world = stage(t);
    const { client, states, socket } = await world.connected();
    const match = client.match();
    socket.cut(code, 'why');
    assert.deepEqual(states.at(-1), { state: 'failed', previous: 'connected', code, reason: 'why' });
    await assert.rejects(match, { code: 'CLOSED', message: 'why' });
    await assert.rejects(client.match(), { code: 'CLOSED' });
    await assert.rejects(client.join('t'), { code: 'CLOSED' });
    await world.pass(1e9);
    assert.equal(world.sockets.length, 1);
  });
}

for (const [said, waits] of [[3000, 3000], ['soon', 125], [undefined, 125], [-5, 125]]) {
  test(`told to go and to come back after ${said}, it does so after ${waits} ms, once`, async (t) => {
    const world = stage(t);
    const { client, socket } = await world.connected();
    socket.say({ type: 'goaway', reconnectAfter: said });
    assert.equal(client.state, 'connected', 'the socket is good until it is closed');
    socket.cut(1001);
    await world.pass(waits - 10);
    assert.equal(world.sockets.length, 1);
    await world.pass(10);
    assert.equal(world.sockets.length, 2);
    const again = await world.greet(resumed(0));
    assert.deepEqual(again.hello, { type: 'hello', resume: { token: 't1', received: 1 } }, 'it counts');
    again.cut(1001);
    await world.pass(1000);
    assert.equal(world.sockets.length, 3, 'as ever');
  });
}

test('waits longer each time, at random, and no longer than half a minute', async (t) => {
  const world = stage(t);
  const { states } = await world.client();
  for (const most of [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
    world.random(0.999);
    const count = world.sockets.length;
    world.socket.cut();
    await world.pass(most * 0.99);
    assert.equal(world.sockets.length, count, `before ${most}`);
    await world.pass(most * 0.01);
    assert.equal(world.sockets.length, count + 1, `after ${most}`);
  }
  assert.equal(states[0].state, 'disconnected');
  world.random(0);
  world.socket.cut();
  await world.pass(0);
  assert.equal(world.sockets.length, 11);
});

test('waits as at first only after a connection that stood for five seconds', async (t) => {
  const world = stage(t);
  const { client } = await world.connected();
  const waits = () => {
    world.socket.cut();
    return world.redial();
  };
  assert.equal(await waits(), 125);
  await world.greet(resumed(0));
  await world.pass(4_900);
  assert.equal(await waits(), 250);
  await world.greet(resumed(0));
  await world.pass(5_100);
  assert.equal(await waits(), 125);
  assert.equal(client.state, 'disconnected');
});

test('is suspended when the resume window has passed, goes on trying, and recovers', async (t) => {
  const world = stage(t);
  const { client, states, socket } = await world.connected();
  socket.cut();
  for (let waited = 0; waited < 31_000; waited += 500) {
    await world.pass(500);
    if (world.socket.readyState === 0) world.socket.cut();
  }
  assert.equal(client.state, 'suspended');
  world.socket.cut();
  await world.redial();
  await world.greet(resumed(0));
  assert.deepEqual(states.map(({ state }) => state), ['connected', 'disconnected', 'suspended', 'connected']);
});

test('without a resume window, two minutes are long', async (t) => {
  const world = stage(t);
  const { client } = await world.client();
  world.socket.cut();
  const until = async (ms) => {
    for (let waited = 0; waited < ms; waited += 1000) {
      await world.pass(1000);
      if (world.socket.readyState === 0) world.socket.cut();
    }
  };
  await until(119_000);
  assert.equal(client.state, 'disconnected');
  await until(2_000);
  assert.equal(client.state, 'suspended');
});

test('dials at once when the network is back, the page is seen, or shown again', async (t) => {
  const world = stage(t);
  const { fire, document } = page(t);
  await world.client();
  for (const type of ['online', 'visibilitychange', 'pageshow']) {
    world.socket.cut();
    const count = world.sockets.length;
    document.visibilityState = 'hidden';
    fire(type);
    assert.equal(world.sockets.length, count, `${type} of a hidden page`);
    document.visibilityState = 'visible';
    fire(type);
    assert.equal(world.sockets.length, count + 1, type);
    await world.pass(0);
  }
  const hanging = world.socket;
  fire('pageshow');
  assert.equal(world.socket, hanging, 'a dial under way is left alone');
  fire('online');
  assert.notEqual(world.socket, hanging, 'what was dialled without a network is given up');
  assert.equal(hanging.onclose, null);
});

test('a page that wakes up asks whether its connection still lives', async (t) => {
  const world = stage(t);
  const { fire } = page(t);
  const { client, socket } = await world.connected();
  fire('visibilitychange');
  assert.deepEqual(socket.heard, [{ type: 'ping' }]);
  socket.say(pong);
  await world.pass(9_000);
  assert.equal(client.state, 'connected');
  fire('pageshow');
  await world.pass(8_000);
  assert.equal(client.state, 'disconnected');
  assert.equal(socket.closedWith, 4000, 'such that the session stays');
});

test('pings once an interval and gives a silent connection up', async (t) => {
  const world = stage(t);
  const { client, states, socket } = await world.connected();
  for (let round = 1; round <= 3; round++) {
    await world.pass(20_000);
    assert.equal(socket.heard.length, round);
    socket.say(pong);
  }
  await world.pass(20_000);
  assert.equal(socket.heard.length, 4);
  await world.pass(7_999);
  assert.equal(client.state, 'connected');
  await world.pass(1);
  assert.deepEqual([states.at(-1).state, states.at(-1).code, states.at(-1).reason], ['disconnected', 1006, 'silent']);
});

test('anything the server says shows that it lives', async (t) => {
  const world = stage(t);
  const { client, socket } = await world.connected();
  await world.pass(20_000);
  socket.say({ type: 'nobody knows this type' });
  await world.pass(10_000);
  assert.equal(client.state, 'connected');
});

test('a timer that rings late tells of a frozen page, not of a dead network', async (t) => {
  const world = stage(t);
  const { client, socket } = await world.connected();
  await world.pass(20_000);
  const now = Date.now();
  t.mock.method(Date, 'now', () => now + 3_600_000, { times: 1 });
  await world.pass(10_000);
  assert.equal(client.state, 'connected');
  assert.equal(socket.heard.length, 2);
  await world.pass(10_000);
  assert.equal(client.state, 'disconnected');
});

test('gives up a dial that nobody answers, and a server that never greets', async (t) => {
  const world = stage(t);
  const { states } = await world.client();
  await world.pass(15_000);
  assert.equal(states[0].reason, 'no answer');
  await world.pass(125);
  world.socket.open();
  const silent = world.socket;
  await world.pass(15_000);
  assert.equal(silent.closedWith, 4000);
  await world.pass(250);
  assert.equal(world.sockets.length, 3);
});

test('several addresses are tried in turn, but a session is looked for where it was', async (t) => {
  const world = stage(t);
  await world.client(['wss://a.example/ws', 'wss://b.example/ws', new URL('wss://c.example/ws')]);
  const host = () => new URL(world.socket.url).host[0];
  const fails = async (code) => {
    world.socket.cut(code);
    await world.redial();
    return host();
  };
  assert.equal(host(), 'a');
  assert.equal(await fails(), 'b');
  await world.greet();
  assert.equal(await fails(), 'b', 'first where the session is');
  assert.equal(await fails(), 'c');
  assert.equal(await fails(), 'a');
  await world.greet({ ...ready, resumed: false, reason: 'unknown' });
  assert.equal(await fails(1001), 'b', 'a server that shuts down is left');
});

test('without a network nothing is held against an address', async (t) => {
  const world = stage(t);
  const navigator = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { onLine: false }, configurable: true, writable: true });
  t.after(() => (navigator ? Object.defineProperty(globalThis, 'navigator', navigator) : delete globalThis.navigator));
  await world.client(['wss://a.example/ws', 'wss://b.example/ws']);
  world.socket.cut();
  await world.redial();
  assert.match(world.socket.url, /a\.example/);
});

test('close says bye, once and for all, also by an AbortSignal', async (t) => {
  const world = stage(t);
  const abort = new AbortController();
  const { client, states, socket } = await world.connected({ signal: abort.signal });
  abort.abort();
  assert.equal(socket.closedWith, 1000);
  assert.equal(states.at(-1).state, 'closed');
  client.close();
  socket.cut(1006);
  await world.pass(1e9);
  assert.equal(world.sockets.length, 1);
  assert.equal(states.length, 2);

  const other = await world.connected();
  other.client.close();
  assert.deepEqual(other.socket.heard, [{ type: 'bye' }]);
});
