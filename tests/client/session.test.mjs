/** What a cut leaves whole: frames in both directions, questions, and the bound of what waits. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pong, ready, resumed, settle, stage } from './support/fake.mjs';

const types = (frames) => frames.map(({ type }) => type);

/** A room whose joining has been answered. */
async function inRoom(world, options) {
  const it = await world.connected(options);
  const joining = it.client.join('lobby');
  const { ref } = it.socket.fresh().at(-1);
  it.socket.say({ type: 'joined', topic: 'lobby', clientId: 'alice', peers: [{ clientId: 'bob', initiator: true }], total: 1, ref });
  return { ...it, room: await joining };
}

test('comes back with its token and the number of frames it has heard, and says again what was not read', async (t) => {
  const world = stage(t);
  const { client, states, socket, room } = await inRoom(world);
  socket.say({ type: 'message', topic: 'lobby', from: 'bob', data: 1 });
  for (const data of ['a', 'b', 'c']) room.publish(data);
  socket.cut();
  room.publish('d');
  await world.redial();
  const { hello, heard } = await world.greet(resumed(3));
  assert.deepEqual(hello, { type: 'hello', resume: { token: 't1', received: 2 } });
  assert.deepEqual(heard.map(({ data }) => data), ['c', 'd']);
  assert.equal(states.at(-1).resumed, true);
  assert.equal(client.clientId, 'alice');
});

test('nothing is said between the hello and the answer to it', async (t) => {
  const world = stage(t);
  const { socket, room } = await inRoom(world);
  socket.cut();
  await world.redial();
  world.socket.open();
  room.publish('meanwhile');
  assert.deepEqual(types(world.socket.heard), ['hello']);
  world.socket.say(resumed(1));
  assert.deepEqual(types(world.socket.heard), ['hello', 'publish']);
});

test('cut again in the middle of it, it says again what was not read even then, with the new token', async (t) => {
  const world = stage(t);
  const { socket, room } = await inRoom(world);
  for (const data of [1, 2, 3]) room.publish(data);
  socket.cut();
  await world.redial();
  world.socket.open();
  world.socket.cut();
  await world.redial();
  const second = await world.greet(resumed(2, 't2'));
  assert.deepEqual(second.hello.resume, { token: 't1', received: 1 });
  second.say({ type: 'message', topic: 'lobby', from: 'bob' });
  second.cut();
  await world.redial();
  const third = await world.greet(resumed(3, 't3'));
  assert.deepEqual(third.hello.resume, { token: 't2', received: 2 });
  assert.deepEqual(third.heard.map(({ data }) => data), [3]);
});

test('all that the server says is counted, also what makes no sense', async (t) => {
  const world = stage(t);
  const { socket } = await world.connected();
  for (const text of ['no JSON', 'null', '7', '[]', '{}', '{"type":"pong"}', '{"type":"offer","sdp":"x"}']) socket.say(text);
  socket.cut();
  await world.redial();
  const { hello } = await world.greet(resumed(0));
  assert.equal(hello.resume.received, 7);
});

test('a pong proves that what was said before its ping need not be kept', async (t) => {
  const world = stage(t);
  const { socket, room } = await inRoom(world);
  room.publish('before');
  await world.pass(20_000);
  room.publish('behind');
  socket.say(pong);
  socket.cut();
  await world.redial();
  // The server's count is what it is: had the frames before the ping been kept, they would be said again.
  const { heard } = await world.greet(resumed(0));
  assert.deepEqual(heard.map(({ data }) => data), ['behind']);
});

test('a ping that was not read is said again, and its pong counts once', async (t) => {
  const world = stage(t);
  const { socket, room } = await inRoom(world);
  await world.pass(20_000);
  room.publish('x');
  socket.cut();
  await world.redial();
  const second = await world.greet(resumed(1));
  assert.deepEqual(types(second.heard), ['ping', 'publish']);
  second.say(pong);
  second.cut();
  await world.redial();
  const third = await world.greet(resumed(2));
  assert.deepEqual(types(third.heard), ['publish']);
});

test('the queue is bounded, asks for proof when it fills, and takes more when the proof comes', async (t) => {
  const world = stage(t);
  const { client, socket, room } = await inRoom(world, { maxQueue: 8 });
  let said = 0;
  const fill = () => {
    for (; ; said++) room.publish(said);
  };
  assert.throws(fill, { name: 'MeetpointError', code: 'QUEUE_FULL' });
  assert.ok(said >= 4 && said <= 8, `${said}`);
  assert.ok(socket.heard.filter(({ type }) => type === 'ping').length >= 1);
  await assert.rejects(client.join('another'), { code: 'QUEUE_FULL' });
  await assert.rejects(client.topics(), { code: 'QUEUE_FULL' });
  const before = said;
  for (const { type } of socket.heard) if (type === 'ping') socket.say(pong);
  assert.throws(fill, { code: 'QUEUE_FULL' });
  assert.ok(said > before);
  socket.cut();
  assert.throws(() => room.publish('offline'), { code: 'QUEUE_FULL' });
});

test('the queue is bounded by size, too, and by what waits in a socket that cannot be resumed', async (t) => {
  const world = stage(t);
  const { room } = await inRoom(world);
  const megabyte = 'x'.repeat(1 << 20);
  room.publish(megabyte);
  assert.throws(() => room.publish('y'), { code: 'QUEUE_FULL' });

  const { resumeToken, resumeWindow, ...plain } = ready;
  const it = await world.connected({}, plain);
  const joining = it.client.join('lobby');
  it.socket.say({ type: 'joined', topic: 'lobby', peers: [], ref: it.socket.fresh()[0].ref });
  const other = await joining;
  other.publish(megabyte);
  other.publish('y');
  it.socket.bufferedAmount = (1 << 20) + 1;
  assert.throws(() => other.publish('z'), { code: 'QUEUE_FULL' });
});

test('when the session is lost, questions are asked anew and what was said into it is not', async (t) => {
  const world = stage(t);
  const { client, states, socket, room } = await inRoom(world, { userId: { name: 'Ann' } });
  room.publish('into the old session');
  const topics = client.topics({ prefix: 'lo' });
  socket.cut();
  await world.redial();
  const { heard } = await world.greet({ ...ready, clientId: 'alice2', resumeToken: 't9', resumed: false, reason: 'expired' });
  assert.deepEqual(types(heard), ['auth', 'topics', 'join']);
  assert.equal(client.clientId, 'alice2');
  assert.equal(states.at(-1).resumed, false);
  world.socket.say({ type: 'topics', topics: [{ topic: 'lobby', count: 1 }], ref: heard[1].ref });
  assert.deepEqual(await topics, { topics: [{ topic: 'lobby', count: 1 }] });
  world.socket.cut();
  await world.redial();
  const { hello } = await world.greet(resumed(3));
  assert.deepEqual(hello.resume, { token: 't9', received: 1 });
});

test('errors reject the promise that they answer, by ref, and what belongs to none is an event', async (t) => {
  const world = stage(t);
  const { client, errors, socket } = await world.connected();
  const [full, invalid] = [client.join('full'), client.join('')];
  const [a, b] = socket.fresh();
  socket.say({ type: 'error', code: 'INVALID_TOPIC', message: 'no', ref: b.ref });
  socket.say({ type: 'error', code: 'TOPIC_FULL', message: 'The topic is full', ref: a.ref });
  await assert.rejects(full, { name: 'MeetpointError', code: 'TOPIC_FULL', message: 'The topic is full' });
  await assert.rejects(invalid, { code: 'INVALID_TOPIC' });
  assert.deepEqual([...client.rooms], []);
  socket.say({ type: 'error', code: 'RATE_LIMIT', message: 'Too many messages' });
  assert.deepEqual(errors.map(({ code }) => code), ['RATE_LIMIT']);
});

test('a question that the server dropped is given up as soon as that is known', async (t) => {
  const world = stage(t);
  const { client, socket } = await world.connected();
  const topics = client.topics();
  await world.pass(20_000);
  socket.say(pong);
  await assert.rejects(topics, { code: 'UNANSWERED' });
});

test('AbortSignals end what waits, and an answer that comes later is nobody’s', async (t) => {
  const world = stage(t);
  const { client, errors, socket } = await world.connected();
  const abort = new AbortController();
  const waiting = [client.topics({ signal: abort.signal }), client.join('lobby', 1, { signal: abort.signal }), client.match({ signal: abort.signal })];
  const [topics, join] = socket.fresh();
  const why = new Error('changed my mind');
  abort.abort(why);
  for (const promise of waiting) await assert.rejects(promise, why);
  await settle();
  assert.deepEqual(types(socket.fresh()).sort(), ['leave', 'leave']);
  socket.say({ type: 'topics', topics: [], ref: topics.ref });
  socket.say({ type: 'joined', topic: 'lobby', peers: [], ref: join.ref });
  socket.say({ type: 'error', code: 'NOT_IN_TOPIC', message: '', ref: join.ref });
  assert.deepEqual([...client.rooms.keys()], []);
  assert.deepEqual(errors, []);
  await assert.rejects(client.match({ signal: AbortSignal.abort(why) }), why);
  assert.deepEqual(socket.fresh(), []);
});

test('a server that knows nothing of all this is served as well', async (t) => {
  const world = stage(t);
  const { client, errors, states } = await world.client();
  world.socket.open();
  // The original greets at once, and then does not understand our hello.
  world.socket.say({ type: 'ready', clientId: 'alice' });
  world.socket.say({ type: 'error', code: 'UNKNOWN_TYPE', message: 'Unknown message type' });
  assert.deepEqual([client.state, errors, client.features], ['connected', [], []]);
  const matching = client.match();
  world.socket.say({ type: 'matched', roomId: 'r', partnerId: 'bob' });
  const match = await matching;
  assert.equal(match.initiator, true, 'of two ids the smaller offers');
  match.signal({ type: 'offer', sdp: 'x' });
  assert.deepEqual(world.socket.fresh().slice(1), [{ type: 'available' }, { type: 'offer', sdp: 'x', to: 'bob', ref: '-' }]);
  const left = [];
  match.addEventListener('left', ({ reason }) => left.push(reason));
  world.socket.cut();
  await world.redial();
  const { hello } = await world.greet({ type: 'ready', clientId: 'alice3' });
  assert.deepEqual(hello, { type: 'hello' });
  await settle();
  assert.deepEqual(left, ['lost']);
  assert.equal(states.at(-1).resumed, false);
  world.socket.say({ type: 'error', code: 'UNKNOWN_TYPE', message: '' });
  assert.deepEqual(errors, [], 'it is about our hello');
});

test('a hello that is refused is said again without what was kept', async (t) => {
  const world = stage(t);
  const { socket } = await world.connected();
  socket.cut();
  await world.redial();
  await world.greet({ type: 'error', code: 'INVALID_FORMAT', message: '' });
  await world.redial();
  const { hello } = await world.greet();
  assert.deepEqual(hello, { type: 'hello' });
});
