/** Rooms: who is in them, as the server has it, through everything. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ready, resumed, settle, stage } from './support/fake.mjs';

const peer = (clientId, fields) => ({ clientId, initiator: true, ...fields });
const types = (frames) => frames.map(({ type }) => type);

/** Answers the latest `join`. */
function admit(socket, peers, fields) {
  const { topic, ref } = socket.heard.findLast(({ type }) => type === 'join');
  socket.say({ type: 'joined', topic, clientId: 'alice', peers, total: peers.length, ref, ...fields });
}

async function joined(world, peers = [peer('bob')], topic = 'lobby') {
  const it = await world.connected();
  const joining = it.client.join(topic, { name: 'Alice' });
  admit(it.socket, peers);
  const room = await joining;
  const events = [];
  for (const type of ['peerjoined', 'peerleft', 'peerupdated', 'peeraway', 'peerback', 'message', 'left']) {
    room.addEventListener(type, ({ peer, reason, data, from, until, error }) =>
      events.push([type, peer?.clientId, reason ?? data ?? until, from, error?.code].filter((part) => part !== undefined)),
    );
  }
  await settle();
  it.socket.fresh();
  return { ...it, room, events };
}

test('a room shows who is there and follows who comes and goes', async (t) => {
  const { client, socket, room, events } = await joined(stage(t), [peer('bob', { userId: 7, info: 'hi' })]);
  assert.equal(client.rooms.get('lobby'), room);
  assert.deepEqual([room.topic, room.info, room.restored, room.ended], ['lobby', { name: 'Alice' }, false, false]);
  const bob = room.peers.get('bob');
  assert.deepEqual([bob.clientId, bob.initiator, bob.userId, bob.info, bob.away], ['bob', true, 7, 'hi', 0]);
  const about = (type, fields) => socket.say({ type, topic: 'lobby', ...fields });
  about('peer-joined', { peer: peer('carol', { initiator: false }) });
  about('peer-updated', { peer: peer('bob', { info: 'bye' }) });
  about('peer-away', { clientId: 'bob', until: 9 });
  assert.equal(bob.away, 9);
  about('peer-back', { clientId: 'bob' });
  about('message', { from: 'carol', data: { x: 1 } });
  about('peer-left', { clientId: 'bob', reason: 'timeout' });
  for (const type of ['peer-updated', 'peer-away', 'peer-back', 'peer-left']) about(type, { clientId: 'nobody', peer: peer('nobody') });
  assert.deepEqual(events, [
    ['peerjoined', 'carol'],
    ['peerupdated', 'bob'],
    ['peeraway', 'bob', 9],
    ['peerback', 'bob', 0],
    ['message', 'carol', { x: 1 }, 'carol'],
    ['peerleft', 'bob', 'timeout'],
  ]);
  assert.deepEqual([bob.info, bob.userId, bob.ended], ['bye', undefined, true]);
  assert.deepEqual([...room.peers.keys()], ['carol']);
  assert.equal(room.peers.get('carol').initiator, false);
});

test('what is said in a room has its topic', async (t) => {
  const { socket, room } = await joined(stage(t));
  room.publish({ a: 1 });
  room.send('bob', null);
  room.peers.get('bob').signal({ type: 'offer', sdp: 'x' });
  assert.deepEqual(socket.fresh().map(({ ref, ...frame }) => frame), [
    { type: 'publish', topic: 'lobby', data: { a: 1 } },
    { type: 'send', topic: 'lobby', to: 'bob', data: null },
    { type: 'offer', sdp: 'x', topic: 'lobby', to: 'bob' },
  ]);
});

test('signals reach the peer of that room, also when they name no topic', async (t) => {
  const { socket, room } = await joined(stage(t));
  const heard = [];
  socket.say({ type: 'offer', sdp: 'early', topic: 'lobby', from: 'bob' });
  room.peers.get('bob').addEventListener('signal', ({ frame }) => heard.push(frame));
  await settle();
  socket.say({ type: 'ice', candidate: 1, from: 'bob' });
  socket.say({ type: 'ice', candidate: 2, from: 'bob', topic: 'another' });
  socket.say({ type: 'ice', candidate: 3, from: 'eve', topic: 'lobby' });
  assert.deepEqual(heard, [{ type: 'offer', sdp: 'early' }, { type: 'ice', candidate: 1 }]);
});

test('a send to somebody who has gone is an error event; a candidate to them is nothing', async (t) => {
  const { socket, room, errors } = await joined(stage(t));
  room.peers.get('bob').signal({ type: 'ice', candidate: 'x' });
  socket.say({ type: 'error', code: 'TARGET_GONE', message: '', ref: socket.fresh()[0].ref });
  assert.deepEqual(errors, []);
  room.send('bob', 1);
  socket.say({ type: 'error', code: 'TARGET_GONE', message: 'No such peer here', ref: socket.fresh()[0].ref });
  assert.deepEqual(errors.map(({ code }) => code), ['TARGET_GONE']);
});

test('a great room comes in pages, and those who come and go meanwhile are counted right', async (t) => {
  const world = stage(t);
  const { client, socket } = await world.connected();
  const joining = client.join('great');
  admit(socket, [peer('a'), peer('b')], { total: 5, next: 'b' });
  assert.deepEqual(socket.fresh().at(-1), { type: 'peers', topic: 'great', after: 'b' });
  socket.say({ type: 'peer-left', topic: 'great', clientId: 'a', reason: 'left' });
  socket.say({ type: 'peer-joined', topic: 'great', peer: peer('f', { initiator: false }) });
  let done = false;
  joining.then(() => (done = true));
  await settle();
  assert.equal(done, false);
  socket.say({ type: 'peers', topic: 'great', peers: [peer('c'), peer('d')], total: 5, next: 'd' });
  assert.equal(socket.fresh()[0].after, 'd');
  socket.say({ type: 'peers', topic: 'great', peers: [peer('e'), peer('f')], total: 5 });
  const room = await joining;
  assert.deepEqual([...room.peers.keys()].sort(), ['b', 'c', 'd', 'e', 'f']);
});

test('when the one whom the next page comes behind leaves, the pages begin anew', async (t) => {
  const world = stage(t);
  const { client, socket } = await world.connected();
  const joining = client.join('great');
  admit(socket, [peer('a')], { total: 2, next: 'a' });
  socket.fresh();
  // A leaves and comes back, behind B, of whom nothing was said yet.
  socket.say({ type: 'peer-left', topic: 'great', clientId: 'a', reason: 'left' });
  socket.say({ type: 'peer-joined', topic: 'great', peer: peer('a', { initiator: false }) });
  socket.say({ type: 'peers', topic: 'great', peers: [], total: 2 });
  assert.deepEqual(socket.fresh(), [{ type: 'peers', topic: 'great' }]);
  socket.say({ type: 'peers', topic: 'great', peers: [peer('b'), peer('a')], total: 2 });
  const room = await joining;
  assert.deepEqual([...room.peers.keys()].sort(), ['a', 'b']);
  assert.deepEqual(socket.fresh(), []);
});

test('a great room can be given up while its pages come', async (t) => {
  const world = stage(t);
  const { client, socket } = await world.connected();
  const abort = new AbortController();
  const joining = client.join('great', 1, { signal: abort.signal });
  admit(socket, [peer('a')], { next: 'a' });
  await settle();
  abort.abort();
  await assert.rejects(joining, { name: 'AbortError' });
  assert.deepEqual(types(socket.fresh()), ['join', 'peers', 'leave']);
  socket.say({ type: 'peers', topic: 'great', peers: [peer('b')], next: 'b' });
  assert.deepEqual(socket.fresh(), []);
  assert.equal(client.rooms.size, 0);
});

test('joining again tells something new of oneself and gives the same room', async (t) => {
  const { client, socket, room, events } = await joined(stage(t));
  const again = client.join('lobby', { name: 'A.' });
  assert.equal(socket.heard[0].info.name, 'A.');
  admit(socket, [peer('bob')]);
  assert.equal(await again, room);
  const update = room.update();
  assert.equal('info' in socket.heard.at(-1), false);
  admit(socket, [peer('bob')]);
  await update;
  assert.equal(room.info, undefined);
  const large = room.update('x'.repeat(2000));
  socket.say({ type: 'error', code: 'INFO_TOO_LARGE', message: '', ref: socket.heard.at(-1).ref });
  await assert.rejects(large, { code: 'INFO_TOO_LARGE' });
  assert.equal(room.ended, false);
  assert.deepEqual(events, []);
});

test('two who join the same topic at once get the same room', async (t) => {
  const world = stage(t);
  const { client, socket } = await world.connected();
  const both = [client.join('lobby'), client.join('lobby')];
  const [first] = socket.heard;
  socket.say({ type: 'joined', topic: 'lobby', peers: [peer('bob')], ref: first.ref });
  admit(socket, [peer('bob')]);
  const [one, two] = await Promise.all(both);
  assert.equal(one, two);
});

test('a room that was left hears nothing more, and one that is entered anew is another', async (t) => {
  const { client, socket, room, events } = await joined(stage(t));
  room.leave();
  room.leave();
  assert.deepEqual(types(socket.heard), ['leave']);
  assert.throws(() => room.publish(1), { code: 'CLOSED' });
  assert.throws(() => room.send('bob', 1), { code: 'CLOSED' });
  await assert.rejects(room.update(1), { code: 'CLOSED' });
  const again = client.join('lobby');
  const about = (type, fields) => socket.say({ type, topic: 'lobby', ...fields });
  about('peer-joined', { peer: peer('of the earlier stay') });
  about('left');
  about('peer-joined', { peer: peer('of no stay') });
  admit(socket, [peer('carol')]);
  const another = await again;
  assert.notEqual(another, room);
  assert.deepEqual([...another.peers.keys()], ['carol']);
  assert.deepEqual(events, []);
});

test('a room that is given up and entered again before the server has read either shows the second stay', async (t) => {
  const world = stage(t);
  const { client, socket } = await world.connected();
  const abort = new AbortController();
  const first = client.join('lobby', 1, { signal: abort.signal });
  abort.abort();
  await assert.rejects(first, { name: 'AbortError' });
  const second = client.join('lobby', 2);
  const [one, , two] = socket.fresh();
  socket.say({ type: 'joined', topic: 'lobby', peers: [peer('bob')], ref: one.ref });
  socket.say({ type: 'peer-left', topic: 'lobby', clientId: 'carol', reason: 'left' });
  socket.say({ type: 'left', topic: 'lobby' });
  socket.say({ type: 'joined', topic: 'lobby', peers: [peer('dave')], ref: two.ref });
  assert.deepEqual([...(await second).peers.keys()], ['dave']);
});

test('a cut that is resumed changes nothing in a room', async (t) => {
  const world = stage(t);
  const { socket, room, events } = await joined(world);
  const bob = room.peers.get('bob');
  socket.cut();
  await world.redial();
  await world.greet(resumed(1));
  world.socket.say({ type: 'message', topic: 'lobby', from: 'bob', data: 1 });
  assert.equal(room.peers.get('bob'), bob);
  assert.deepEqual(events, [['message', 'bob', 1, 'bob']]);
});

test('after a lost session the rooms are joined again, and everybody is new', async (t) => {
  const world = stage(t);
  const { client, socket, room, events } = await joined(world, [peer('bob'), peer('carol')]);
  const bob = room.peers.get('bob');
  const reasons = [];
  bob.addEventListener('left', ({ reason }) => reasons.push(reason));
  room.publish('into the lost session');
  socket.cut();
  await world.redial();
  await world.greet({ ...ready, clientId: 'alice2', resumed: false, reason: 'expired' });
  assert.deepEqual(world.socket.heard.map(({ ref, ...frame }) => frame), [{ type: 'join', topic: 'lobby', info: { name: 'Alice' } }]);
  world.socket.say({ type: 'peer-joined', topic: 'lobby', peer: peer('not yet') });
  admit(world.socket, [peer('bob')]);
  await settle();
  assert.deepEqual(events, [['peerleft', 'bob', 'lost'], ['peerleft', 'carol', 'lost'], ['peerjoined', 'bob']]);
  assert.notEqual(room.peers.get('bob'), bob);
  assert.deepEqual([bob.ended, reasons], [true, ['lost']]);
  assert.equal(client.rooms.get('lobby'), room);
});

test('a room that cannot be joined again is over', async (t) => {
  const world = stage(t);
  const { client, socket, room, events } = await joined(world, []);
  socket.cut();
  await world.redial();
  await world.greet({ ...ready, resumed: false });
  world.socket.say({ type: 'error', code: 'TOPIC_FULL', message: '', ref: world.socket.heard[0].ref });
  await settle();
  assert.deepEqual(events, [['left', 'TOPIC_FULL', 'TOPIC_FULL']]);
  assert.deepEqual([room.ended, client.rooms.size], [true, 0]);
});

test('what is joined before the first connection is joined once there is one', async (t) => {
  const world = stage(t);
  const { client } = await world.client();
  const joining = client.join('lobby');
  const matching = client.match();
  await world.greet();
  assert.deepEqual(types(world.socket.heard).sort(), ['available', 'join']);
  admit(world.socket, []);
  world.socket.say({ type: 'matched', partnerId: 'bob', roomId: 'r', initiator: false });
  assert.equal((await joining).topic, 'lobby');
  assert.equal((await matching).initiator, false);
});

test('the end of the client ends the rooms, also those that are still being entered', async (t) => {
  const world = stage(t);
  const { client, socket, room, events } = await joined(world);
  const entering = client.join('great');
  admit(socket, [peer('a')], { next: 'a' });
  const asking = client.join('another');
  await settle();
  client.close();
  await assert.rejects(entering, { code: 'CLOSED' });
  await assert.rejects(asking, { code: 'CLOSED' });
  assert.deepEqual(events, [['left', 'closed']]);
  assert.equal(room.ended, true);
  assert.equal(client.rooms.size, 0);
});
