/** Partners, when what both sides say crosses on the way. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pong, ready, resumed, settle, stage } from './support/fake.mjs';

const types = (frames) => frames.map(({ type }) => type);
const matched = (partnerId, fields) => ({ type: 'matched', roomId: `with ${partnerId}`, partnerId, initiator: true, ...fields });
const left = (reason = 'left') => ({ type: 'partner-left', reason });

async function paired(world, options) {
  const it = await world.connected(options);
  const matching = it.client.match();
  it.socket.say(matched('bob', { partnerUserId: { name: 'Bob' } }));
  const match = await matching;
  const events = [];
  for (const type of ['signal', 'left', 'away', 'back', 'message']) {
    match.addEventListener(type, ({ frame, reason, until, data }) => events.push([type, frame ?? reason ?? until ?? data].filter((part) => part !== undefined)));
  }
  await settle();
  it.socket.fresh();
  return { ...it, match, events };
}

test('a match tells who the partner is and who offers', async (t) => {
  const { client, match } = await paired(stage(t));
  const { partnerId, partnerUserId, initiator, roomId, restored, ended, away } = match;
  assert.deepEqual(
    { partnerId, partnerUserId, initiator, roomId, restored, ended, away },
    { partnerId: 'bob', partnerUserId: { name: 'Bob' }, initiator: true, roomId: 'with bob', restored: false, ended: false, away: 0 },
  );
  assert.equal(client.currentMatch, match);
  assert.equal(client.waiting, false);
  await assert.rejects(client.match(), { code: 'ALREADY_PAIRED' });
});

test('two who wait get the same match, and asking twice is said once', async (t) => {
  const world = stage(t);
  const { client, socket } = await world.connected();
  const abort = new AbortController();
  const waiting = [client.match(), client.match(), client.match({ signal: abort.signal })];
  assert.equal(client.waiting, true);
  assert.deepEqual(types(socket.fresh()), ['available']);
  abort.abort();
  await assert.rejects(waiting.pop(), { name: 'AbortError' });
  assert.deepEqual(socket.fresh(), [], 'others still wait');
  socket.say(matched('bob'));
  const [one, two] = await Promise.all(waiting);
  assert.equal(one, two);
});

test('signals go to the partner by name, come from the partner alone, and wait for the first listener', async (t) => {
  const world = stage(t);
  const { client, socket } = await world.connected();
  const matching = client.match();
  socket.fresh();
  socket.say(matched('bob'));
  socket.say({ type: 'offer', sdp: 'x', from: 'bob' });
  socket.say({ type: 'ice', candidate: null, from: 'eve' });
  socket.say({ type: 'message', data: [1], from: 'bob' });
  const match = await matching;
  match.signal({ type: 'answer', sdp: 'y' });
  match.send('hi');
  assert.deepEqual(socket.fresh().map(({ ref, ...frame }) => frame), [
    { type: 'answer', sdp: 'y', to: 'bob' },
    { type: 'send', data: 'hi', to: 'bob' },
  ]);
  const heard = [];
  match.addEventListener('signal', ({ frame }) => heard.push(frame));
  match.addEventListener('message', ({ data }) => heard.push(data));
  assert.deepEqual(heard, [], 'not before the listener has been added');
  await settle();
  socket.say({ type: 'ice', candidate: 'c', from: 'bob' });
  assert.deepEqual(heard, [{ type: 'offer', sdp: 'x' }, [1], { type: 'ice', candidate: 'c' }]);
});

test('a partner who goes away comes back, or leaves', async (t) => {
  const { match, events, socket } = await paired(stage(t));
  socket.say({ type: 'partner-away', until: 5 });
  assert.equal(match.away, 5);
  socket.say({ type: 'partner-back' });
  assert.equal(match.away, 0);
  socket.say({ type: 'partner-away', until: 6 });
  socket.say(left('timeout'));
  assert.deepEqual(events, [['away', 5], ['back', 0], ['away', 6], ['left', 'timeout']]);
  assert.deepEqual([match.ended, match.away], [true, 0]);
});

test('whoever wants nobody after a partner left is taken out of the queue', async (t) => {
  const world = stage(t);
  const { client, socket } = await paired(world);
  socket.say(left());
  await world.pass(5);
  assert.deepEqual(types(socket.heard), ['leave', 'ping']);
  socket.say(matched('carol'));
  await world.pass(5);
  assert.equal(client.currentMatch, null, 'the server had not read our leave');
  const matching = client.match();
  socket.say(left());
  socket.say(pong);
  socket.say(matched('dave'));
  assert.equal((await matching).partnerId, 'dave');
  assert.equal(client.currentMatch.ended, false);
});

test('whoever asks as the partner leaves keeps the place, and may be matched already', async (t) => {
  const world = stage(t);
  const { client, match, socket } = await paired(world);
  let matching;
  match.addEventListener('left', () => (matching = client.match()));
  socket.say(left());
  assert.deepEqual(types(socket.heard), ['available']);
  socket.say(matched('carol'));
  socket.say({ type: 'error', code: 'ALREADY_PAIRED', message: 'crossed with the match' });
  assert.equal((await matching).partnerId, 'carol');
});

test('a match that comes before anybody could ask is kept for whoever asks in the same turn', async (t) => {
  const world = stage(t);
  const { client, socket } = await paired(world);
  socket.say(left());
  socket.say(matched('carol'));
  assert.equal(client.currentMatch, null);
  assert.equal((await client.match()).partnerId, 'carol');
  await world.pass(5);
  assert.deepEqual(socket.fresh(), []);
  socket.say(left());
  socket.say(matched('dave'));
  await world.pass(5);
  assert.deepEqual(types(socket.fresh()), ['leave'], 'nobody asked');
});

test('next ends one match and waits for another', async (t) => {
  const world = stage(t);
  const { client, match, socket, events } = await paired(world);
  const next = match.next();
  assert.deepEqual([match.ended, client.currentMatch, client.waiting], [true, null, true]);
  assert.deepEqual(types(socket.fresh()), ['next', 'available']);
  socket.say({ type: 'offer', sdp: 'late', from: 'bob' });
  socket.say(matched('carol'));
  assert.equal((await next).partnerId, 'carol');
  match.signal({ type: 'ice', candidate: 'for bob' });
  match.leave();
  assert.deepEqual(socket.fresh(), [], 'a match that is over says nothing');
  assert.deepEqual(events, []);
});

test('next on a match that the partner left is just another search', async (t) => {
  const world = stage(t);
  const { match, socket } = await paired(world);
  let next;
  match.addEventListener('left', () => (next = match.next()));
  socket.say(left('next'));
  assert.deepEqual(types(socket.fresh()), ['available']);
  socket.say(matched('carol'));
  assert.equal((await next).partnerId, 'carol');
});

test('a next that crosses with the partner’s going ends whoever came in between', async (t) => {
  const world = stage(t);
  const { match, socket, errors } = await paired(world);
  const next = match.next();
  // On its way to the server is our `next`; on its way to us is this:
  socket.say(left());
  socket.say(matched('carol'));
  // Now the server reads it, and carol is left.
  socket.say(matched('dave'));
  assert.equal((await next).partnerId, 'dave');
  assert.deepEqual(errors, []);
});

test('a next that crosses with the partner’s going and finds nobody is excused', async (t) => {
  const world = stage(t);
  const { match, socket, errors } = await paired(world);
  const next = match.next();
  socket.say(left());
  socket.say({ type: 'error', code: 'NOT_PAIRED', message: '' });
  socket.say(matched('carol'));
  assert.equal((await next).partnerId, 'carol');
  assert.deepEqual(errors, []);
});

test('a next that crosses with two goings is not confused', async (t) => {
  const world = stage(t);
  const { match, socket } = await paired(world);
  const next = match.next();
  socket.say(left());
  socket.say(matched('carol'));
  socket.say(left());
  socket.say({ type: 'error', code: 'NOT_PAIRED', message: '' });
  socket.say(matched('dave'));
  assert.equal((await next).partnerId, 'dave');
});

test('what was said to a partner who had left is excused', async (t) => {
  const world = stage(t);
  const { match, socket, errors } = await paired(world);
  match.signal({ type: 'ice', candidate: 'late' });
  const [{ ref }] = socket.fresh();
  socket.say(left());
  socket.say({ type: 'error', code: 'TARGET_GONE', message: '', ref });
  socket.say({ type: 'error', code: 'NOT_PAIRED', message: '' });
  assert.deepEqual(errors, []);
});

test('a server that knows of no partner after it named one has the last word', async (t) => {
  const world = stage(t);
  const { match, socket, events } = await paired(world);
  socket.say({ type: 'error', code: 'NOT_PAIRED', message: '' });
  assert.deepEqual(events, [['left', 'left']]);
  assert.equal(match.ended, true);
});

test('leaving while waiting leaves the queue, and matches that crossed are not taken', async (t) => {
  const world = stage(t);
  const { client, socket } = await world.connected();
  const abort = new AbortController();
  const search = client.match({ signal: abort.signal });
  abort.abort();
  await assert.rejects(search, { name: 'AbortError' });
  assert.deepEqual(types(socket.heard), ['available', 'leave', 'ping']);
  const another = client.match();
  socket.say(matched('bob'));
  assert.equal(client.currentMatch, null);
  socket.say(pong);
  socket.say(matched('carol'));
  assert.equal((await another).partnerId, 'carol');
});

test('leave ends a match and looks for no other', async (t) => {
  const world = stage(t);
  const { client, match, socket, events } = await paired(world);
  match.leave();
  match.leave();
  assert.deepEqual(types(socket.heard), ['leave', 'ping']);
  assert.deepEqual([match.ended, client.currentMatch, client.waiting, events], [true, null, false, []]);
});

test('a lost session ends the match and queues those who wait again', async (t) => {
  const world = stage(t);
  const { client, match, socket, events } = await paired(world);
  match.signal({ type: 'ice', candidate: 'x' });
  socket.cut();
  await world.redial();
  const fresh = { ...ready, clientId: 'alice2', resumed: false, reason: 'gap' };
  await world.greet(fresh);
  assert.deepEqual(events, [['left', 'lost']]);
  assert.deepEqual(world.socket.fresh(), [], 'nothing of the old match is said, nobody waits');
  const matching = client.match();
  world.socket.cut();
  await world.redial();
  await world.greet(fresh);
  assert.deepEqual(types(world.socket.fresh()), ['available']);
  world.socket.say(matched('carol'));
  assert.equal((await matching).partnerId, 'carol');
  assert.equal(match.ended, true);
});

test('a match survives a cut, and a place in the queue does', async (t) => {
  const world = stage(t);
  const { match, socket, events } = await paired(world);
  socket.cut();
  match.signal({ type: 'ice', candidate: 'while cut' });
  await world.redial();
  await world.greet(resumed(1));
  assert.deepEqual(world.socket.fresh().map(({ candidate }) => candidate), ['while cut']);
  world.socket.say({ type: 'ice', candidate: 'y', from: 'bob' });
  assert.deepEqual(events, [['signal', { type: 'ice', candidate: 'y' }]]);
  const next = match.next();
  world.socket.cut();
  await world.redial();
  await world.greet(resumed(4));
  assert.deepEqual(world.socket.fresh(), []);
  world.socket.say(matched('carol'));
  assert.equal((await next).partnerId, 'carol');
});

test('the end of the client ends the match', async (t) => {
  const { client, match, events } = await paired(stage(t));
  client.close();
  assert.deepEqual(events, [['left', 'closed']]);
  await assert.rejects(match.next(), { code: 'CLOSED' });
  assert.doesNotThrow(() => (match.signal({ type: 'ice', candidate: '' }), match.leave()));
});
