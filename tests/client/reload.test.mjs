/** A page that is reloaded goes on where it was, by what it left in the storage. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { page, pong, ready, resumed, settle, stage, storage } from './support/fake.mjs';

const matched = (partnerId) => ({ type: 'matched', roomId: 'r', partnerId, initiator: true, partnerUserId: 'Bob' });
const types = (frames) => frames.map(({ type }) => type);

/** A page with a storage, and how it is reloaded. */
async function opened(t) {
  const world = stage(t);
  const { fire } = page(t);
  const kept = storage();
  const open = () => world.client(undefined, { storage: kept });
  const it = await open();
  await world.greet();
  return { ...it, world, fire, kept, open };
}

async function paired(it) {
  const matching = it.client.match();
  it.world.socket.say(matched('bob'));
  return matching;
}

test('a match, rooms and what was not read survive a reload', async (t) => {
  const it = await opened(t);
  const { world, fire, kept, open } = it;
  const match = await paired(it);
  const joining = it.client.join('lobby', { name: 'Alice' });
  const { ref } = world.socket.heard.at(-1);
  world.socket.say({ type: 'joined', topic: 'lobby', peers: [{ clientId: 'carol', initiator: true, userId: 3, info: [4] }], ref });
  await joining;
  match.signal({ type: 'ice', candidate: 'unread' });
  const old = world.socket;
  fire('pagehide');
  assert.equal(old.closedWith, 4000, 'a 1001 by the browser would end the session');
  assert.equal(kept.items.size, 1);

  const { client, states } = await open();
  assert.equal(kept.items.size, 0, 'a second page must not find it');
  const socket = await world.greet(resumed(2));
  assert.deepEqual(socket.hello.resume, { token: 't1', received: 2 });
  assert.deepEqual(socket.heard.map(({ candidate }) => candidate), ['unread']);
  assert.deepEqual(states, [{ state: 'connected', previous: 'connecting', resumed: true }]);
  const restored = await client.restored;
  assert.equal(restored.match, client.currentMatch);
  const { partnerId, partnerUserId, initiator, roomId, restored: again, ended } = restored.match;
  assert.deepEqual({ partnerId, partnerUserId, initiator, roomId, again, ended }, { partnerId: 'bob', partnerUserId: 'Bob', initiator: true, roomId: 'r', again: true, ended: false });
  assert.equal(restored.waiting, false);
  const [room] = restored.rooms;
  assert.deepEqual([room.topic, room.info, room.restored, client.rooms.get('lobby') === room], ['lobby', { name: 'Alice' }, true, true]);
  const { clientId, initiator: first, userId, info, restored: same } = room.peers.get('carol');
  assert.deepEqual([clientId, first, userId, info, same], ['carol', true, 3, [4], true]);
  assert.deepEqual([client.clientId, client.features], ['alice', ready.features]);

  // And it is alive.
  const heard = [];
  room.addEventListener('message', ({ data }) => heard.push(data));
  restored.match.addEventListener('signal', ({ frame }) => heard.push(frame.type));
  await settle();
  socket.say({ type: 'message', topic: 'lobby', from: 'carol', data: 'hi' });
  socket.say({ type: 'answer', sdp: 'x', from: 'bob' });
  socket.say({ type: 'peer-joined', topic: 'lobby', peer: { clientId: 'dave', initiator: false } });
  assert.equal(room.peers.get('dave').restored, false);
  room.publish('here again');
  assert.deepEqual([heard, socket.heard.at(-1).data], [['hi', 'answer'], 'here again']);
});

test('what came during the reload is heard by whoever listens then', async (t) => {
  const it = await opened(t);
  await paired(it);
  it.fire('pagehide');
  const { client } = await it.open();
  const { socket } = it.world;
  socket.open();
  socket.say(resumed(1));
  socket.say({ type: 'offer', sdp: 'x', from: 'bob' });
  socket.say({ type: 'partner-left', reason: 'next' });
  const { match } = await client.restored;
  const heard = [];
  match.addEventListener('signal', ({ frame }) => heard.push(frame.sdp));
  match.addEventListener('left', ({ reason }) => heard.push(reason));
  await settle();
  assert.deepEqual(heard, ['x', 'next']);
});

test('a place in the queue survives a reload', async (t) => {
  const it = await opened(t);
  it.client.match().catch(() => {});
  it.fire('pagehide');
  const { client } = await it.open();
  const socket = await it.world.greet(resumed(1));
  assert.deepEqual(await client.restored, { match: null, rooms: [], waiting: true });
  socket.say(matched('bob'));
  await it.world.pass(100);
  assert.deepEqual(socket.fresh(), [], 'nobody has asked yet, but somebody will');
  assert.equal((await client.match()).partnerId, 'bob');
});

test('a next and a leave under way survive a reload, with what they excuse', async (t) => {
  const it = await opened(t);
  const match = await paired(it);
  match.next().catch(() => {});
  it.fire('pagehide');
  const after = await it.open();
  await it.world.greet(resumed(3));
  const next = after.client.match();
  it.world.socket.say({ type: 'partner-left', reason: 'left' });
  it.world.socket.say(matched('carol'));
  it.world.socket.say(matched('dave'));
  const dave = await next;
  assert.equal(dave.partnerId, 'dave');

  dave.leave();
  it.fire('pagehide');
  const last = await it.open();
  const socket = await it.world.greet(resumed(4));
  assert.deepEqual(types(socket.heard), ['leave', 'ping']);
  socket.say(matched('erin'));
  const search = last.client.match();
  socket.say(pong);
  socket.say(matched('frank'));
  assert.equal((await search).partnerId, 'frank');
});

test('a session that is gone leaves nothing behind', async (t) => {
  const it = await opened(t);
  await paired(it);
  const joining = it.client.join('lobby');
  it.world.socket.say({ type: 'joined', topic: 'lobby', peers: [{ clientId: 'carol', initiator: true }], ref: it.world.socket.heard.at(-1).ref });
  await joining;
  it.fire('pagehide');
  const { client, states } = await it.open();
  const again = client.join('lobby', 'anew');
  const socket = await it.world.greet({ ...ready, clientId: 'alice2', resumed: false, reason: 'expired' });
  assert.equal(await client.restored, null);
  assert.equal(client.currentMatch, null);
  assert.equal(states.at(-1).resumed, false);
  assert.deepEqual(types(socket.heard), ['join'], 'only what this page asked for');
  socket.say({ type: 'joined', topic: 'lobby', peers: [{ clientId: 'dave', initiator: true }], ref: socket.heard[0].ref });
  assert.deepEqual([...(await again).peers.keys()], ['dave']);
});

test('rooms that this page does not ask for are not entered after a lost session', async (t) => {
  const it = await opened(t);
  const joining = it.client.join('lobby');
  it.world.socket.say({ type: 'joined', topic: 'lobby', peers: [], ref: it.world.socket.heard.at(-1).ref });
  await joining;
  it.fire('pagehide');
  const { client } = await it.open();
  const socket = await it.world.greet({ ...ready, resumed: false });
  assert.deepEqual(socket.heard, []);
  assert.equal(client.rooms.size, 0);
});

test('a page that the Back button brings back comes back to its session', async (t) => {
  const it = await opened(t);
  const match = await paired(it);
  it.fire('pagehide');
  await it.world.pass(60_000);
  assert.equal(it.world.sockets.length, 1, 'a hidden page must not take the session from the next one');
  it.fire('pageshow');
  await it.world.greet(resumed(1));
  assert.equal(it.client.state, 'connected');
  assert.equal(match.ended, false);
  assert.equal(it.kept.items.size, 0);
});

test('a tab that was duplicated and finds its session replaced is out', async (t) => {
  const it = await opened(t);
  it.world.socket.cut(4409, 'replaced');
  assert.deepEqual([it.states.at(-1).state, it.states.at(-1).reason], ['failed', 'replaced']);
  it.fire('pagehide');
  assert.equal(it.kept.items.size, 0, 'nor does it leave anything');
});

test('pages of other paths, and clients of other servers, never find each other’s session', async (t) => {
  const world = stage(t);
  const { fire } = page(t);
  const kept = storage();
  t.after(() => delete globalThis.location);
  const visit = async (pathname, url) => {
    globalThis.location = { pathname, href: `https://example.org${pathname}` };
    const it = await world.client(url, { storage: kept });
    return (await world.greet({ ...ready, resumeToken: `${pathname} ${url}` })).hello.resume?.token && it;
  };
  assert.equal(await visit('/', '/ws'), undefined);
  assert.equal(world.socket.url, 'wss://example.org/ws?resumable=1&goaway=1');
  fire('pagehide');
  assert.equal(await visit('/rooms', '/ws'), undefined);
  fire('pagehide');
  assert.equal(await visit('/', 'wss://other.example/ws'), undefined);
  assert.ok(await visit('/', '/ws'));
});

test('a client that is made and closed in one turn leaves the session to the next one', async (t) => {
  const it = await opened(t);
  await paired(it);
  it.fire('pagehide');
  const rehearsal = it.open();
  // React's StrictMode does just that.
  const made = it.kept;
  assert.equal(made.items.size, 0);
  const { Meetpoint } = await import('../../web/client/client.js');
  (await rehearsal).client.close();
  const client = new Meetpoint('wss://example.org/ws', { storage: made, WebSocket: it.world.WebSocket });
  t.after(() => client.close());
  await settle();
  const { hello } = await it.world.greet(resumed(1));
  assert.equal(hello.resume.token, 't1');
  assert.equal((await client.restored).match.partnerId, 'bob');
});

test('a storage that is full, forbidden or holds nonsense costs the session and nothing else', async (t) => {
  const world = stage(t);
  const { fire } = page(t);
  const throws = () => {
    throw new DOMException('no', 'QuotaExceededError');
  };
  const forbidden = await world.client(undefined, { storage: { getItem: throws, setItem: throws, removeItem: throws } });
  await world.greet();
  assert.equal(await forbidden.client.restored, null);
  assert.doesNotThrow(() => fire('pagehide'));

  for (const text of ['', 'nonsense', 'null', '7', '{}', '{"token":"t"}', '{"token":"t","log":{"kept":[]},"pairing":{},"rooms":3}']) {
    const kept = storage();
    kept.setItem('k', text);
    const { client } = await world.client(undefined, { storage: kept, storageKey: 'k' });
    const { hello } = await world.greet();
    assert.deepEqual([hello, client.state, await client.restored], [{ type: 'hello' }, 'connected', null], text);
    const matching = client.match();
    world.socket.say(matched('bob'));
    assert.equal((await matching).partnerId, 'bob');
  }
});

test('without a storage a page that goes says nothing of its own', async (t) => {
  const world = stage(t);
  const { fire } = page(t);
  const { client, socket } = await world.connected();
  assert.equal(await client.restored, null);
  fire('pagehide');
  assert.equal(socket.closedWith, undefined);
  assert.equal(client.state, 'connected');
});
