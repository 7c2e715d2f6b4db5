/** The client and the real server: what they promise each other holds. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { page, storage } from './support/fake.mjs';
import { startProxy } from './support/proxy.mjs';
import { event, pair, reaches, serve, visit } from './support/stage.mjs';

test('two strangers meet, signal, part and meet others', async (t) => {
  const { socket } = await serve(t, { REMATCH_COOLDOWN: '60s' });
  const [alice, bob] = [visit(t, socket, { userId: 'A' }), visit(t, socket, { userId: 'B' })];
  const [toBob, toAlice] = await pair(alice, bob);
  assert.deepEqual([toBob.partnerId, toAlice.partnerId], [bob.clientId, alice.clientId]);
  assert.deepEqual([toBob.partnerUserId, toAlice.partnerUserId], ['B', 'A']);
  assert.notEqual(toBob.initiator, toAlice.initiator);
  toBob.signal({ type: 'offer', sdp: { type: 'offer', sdp: 'v=0' } });
  assert.deepEqual((await event(toAlice, 'signal')).frame, { type: 'offer', sdp: { type: 'offer', sdp: 'v=0' } });
  toAlice.send({ text: 'hi' });
  assert.deepEqual((await event(toBob, 'message')).data, { text: 'hi' });

  const carol = visit(t, socket);
  await carol.topics();
  const parted = new Promise((resolve) => toAlice.addEventListener('left', ({ reason }) => resolve([reason, toAlice.next()])));
  const herNext = toBob.next();
  const third = await carol.match();
  const [reason, his] = await parted;
  assert.equal(reason, 'next');
  const [left, found] = third.partnerId === bob.clientId ? [herNext, his] : [his, herNext];
  assert.equal((await found).partnerId, carol.clientId);
  // Who is left over gets the next who comes.
  const [dave, last] = await Promise.all([visit(t, socket).match(), left]);
  assert.equal(dave.roomId, last.roomId);
});

test('whoever does not ask again after a parting is not matched with a stranger', async (t) => {
  const { socket } = await serve(t);
  const [alice, bob, carol] = [visit(t, socket), visit(t, socket), visit(t, socket)];
  const [toBob, toAlice] = await pair(alice, bob);
  toBob.leave();
  assert.equal((await event(toAlice, 'left')).reason, 'left');
  // What bob asks behind his leave is answered when the server has read that.
  await new Promise((resolve) => setTimeout(resolve, 10));
  await bob.topics();
  const search = carol.match();
  await carol.topics();
  assert.equal(carol.currentMatch, null);
  const [again] = await Promise.all([alice.match(), search]);
  assert.equal(again.partnerId, carol.clientId);
});

test('rooms: presence, publish, send, update, list, errors', async (t) => {
  const { socket } = await serve(t, { MAX_TOPICS_PER_CLIENT: '2', MAX_ROOM_SIZE: '2' });
  const [alice, bob, carol] = [visit(t, socket), visit(t, socket, { userId: { n: 1 } }), visit(t, socket)];
  const hers = await alice.join('tea', { name: 'Alice' });
  const [his, { peer }] = await Promise.all([bob.join('tea', { name: 'Bob' }), event(hers, 'peerjoined')]);
  assert.deepEqual([peer.clientId, peer.info, peer.userId, peer.initiator], [bob.clientId, { name: 'Bob' }, { n: 1 }, false]);
  const other = his.peers.get(alice.clientId);
  assert.deepEqual([other.info, other.initiator], [{ name: 'Alice' }, true]);
  his.publish([1]);
  const message = await event(hers, 'message');
  assert.deepEqual([message.data, message.from, message.peer], [[1], bob.clientId, peer]);
  other.signal({ type: 'offer', sdp: 'x' });
  assert.deepEqual((await event(peer, 'signal')).frame, { type: 'offer', sdp: 'x' });
  const [updated] = await Promise.all([event(hers, 'peerupdated'), his.update({ name: 'Rob' })]);
  assert.equal(updated.peer.info.name, 'Rob');
  assert.deepEqual(await carol.topics({ prefix: 't' }), { topics: [{ topic: 'tea', count: 2 }] });

  await assert.rejects(carol.join('tea'), { code: 'TOPIC_FULL' });
  await assert.rejects(carol.join(''), { code: 'INVALID_TOPIC' });
  await assert.rejects(carol.join('x', 'y'.repeat(1025)), { code: 'INFO_TOO_LARGE' });
  await Promise.all([carol.join('1'), carol.join('2')]);
  await assert.rejects(carol.join('3'), { code: 'TOO_MANY_TOPICS' });
  const refused = event(alice, 'error');
  hers.send(carol.clientId, 1);
  assert.equal((await refused).code, 'TARGET_GONE');

  const gone = event(hers, 'peerleft');
  bob.close();
  assert.equal((await gone).reason, 'left');
  assert.equal(hers.peers.size, 0);
});

for (const [how, cuts] of [['reset', 20], ['finish', 20], ['swallow', 2]]) {
  test(`${cuts} cuts by ${how} lose, double and reorder nothing, in a match and in a room`, async (t) => {
    const server = await serve(t, { HEARTBEAT: '1s', RESUME_WINDOW: '20s' });
    const { random } = Math;
    t.mock.method(Math, 'random', () => random() / 20);
    const network = await startProxy(t, server.port);
    const [alice, bob] = [visit(t, network.url), visit(t, network.url)];
    const matches = await pair(alice, bob);
    const rooms = [await alice.join('tea'), await bob.join('tea')];
    const said = [0, 0];
    const heard = [[], []];
    const ended = [];
    for (const index of [0, 1]) {
      rooms[index].addEventListener('message', ({ data }) => heard[index].push(data));
      matches[index].addEventListener('signal', ({ frame }) => heard[index].push(frame.candidate));
      for (const target of [rooms[index], matches[index]]) target.addEventListener('left', ({ reason }) => ended.push(reason));
    }
    const say = () => {
      for (const index of [0, 1]) {
        const number = said[index]++;
        if (number % 2) rooms[index].publish(number);
        else matches[index].signal({ type: 'ice', candidate: number });
      }
    };
    for (let cut = 0; cut < cuts; cut++) {
      for (let count = 0; count < 6; count++) say();
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
      network[how](true);
      say();
      await Promise.all([reaches(alice, 'disconnected'), reaches(bob, 'disconnected')]);
      say();
      network.swallow(false);
      // What was dialled meanwhile would hang for a quarter of a minute.
      if (how === 'swallow') network.reset();
      if (cut % 3) await Promise.all([reaches(alice, 'connected'), reaches(bob, 'connected')]);
    }
    const last = said[0] - 1;
    while (heard.some((numbers) => numbers.at(-1) !== last)) await new Promise((resolve) => setTimeout(resolve, 20));
    const all = Array.from({ length: last + 1 }, (_, number) => number);
    assert.deepEqual(heard, [all, all]);
    assert.deepEqual(ended, []);
    for (const { states } of [alice, bob]) assert.ok(!states.slice(1).includes('connected false'), states.join());
  });
}

test('partners and peers hear of a cut and of the return', async (t) => {
  const server = await serve(t);
  const network = await startProxy(t, server.port);
  const [alice, bob] = [visit(t, server.socket), visit(t, network.url)];
  const [match] = await pair(alice, bob);
  const room = await alice.join('tea');
  const [{ peer }] = await Promise.all([event(room, 'peerjoined'), bob.join('tea')]);
  const heard = [event(match, 'away'), event(room, 'peeraway'), event(match, 'back'), event(room, 'peerback')];
  network.swallow(true);
  network.reset();
  const [away, peeraway] = await Promise.all(heard.slice(0, 2));
  assert.ok(away.until > Date.now() && peeraway.peer === peer && match.away === away.until);
  network.swallow(false);
  network.reset();
  await Promise.all(heard);
  assert.deepEqual([match.away, peer.away], [0, 0]);
});

test('a session that was away for too long is another one: rooms are joined again, the match is lost', async (t) => {
  const server = await serve(t, { RESUME_WINDOW: '100ms' });
  const network = await startProxy(t, server.port);
  const [alice, bob] = [visit(t, network.url), visit(t, server.socket)];
  const [match, other] = await pair(alice, bob);
  const [room, hers] = [await bob.join('tea'), await alice.join('tea')];
  const before = alice.clientId;
  const left = event(room, 'peerleft');
  network.swallow(true);
  network.reset();
  assert.equal((await event(other, 'left')).reason, 'timeout');
  assert.equal((await left).reason, 'timeout');
  assert.ok(['disconnected', 'suspended'].includes(alice.state));
  const lost = event(match, 'left');
  network.swallow(false);
  network.reset();
  assert.equal((await lost).reason, 'lost');
  while (!room.peers.size) await event(room, 'peerjoined');
  assert.deepEqual([...room.peers.keys()], [alice.clientId]);
  assert.notEqual(alice.clientId, before);
  while (!hers.peers.size) await event(hers, 'peerjoined');
  assert.deepEqual([...hers.peers.keys()], [bob.clientId]);
});

test('a server without resume is served, too', async (t) => {
  const server = await serve(t, { RESUME_WINDOW: '0' });
  const network = await startProxy(t, server.port);
  const [alice, bob] = [visit(t, network.url), visit(t, server.socket)];
  const [match] = await pair(alice, bob);
  assert.ok(!alice.features.includes('resume'));
  const lost = event(match, 'left');
  network.reset();
  assert.equal((await lost).reason, 'lost');
  assert.ok(!alice.states.includes('connected true'));
});

test('a reload keeps the match, the rooms and every frame, and a copy of the page is out', async (t) => {
  const { socket } = await serve(t);
  const { fire } = page(t);
  const kept = storage();
  const bob = visit(t, socket);
  let alice = visit(t, socket, { storage: kept });
  const [, toAlice] = await pair(alice, bob);
  await alice.join('tea', 1);
  const room = await bob.join('tea', 2);
  alice.currentMatch.signal({ type: 'offer', sdp: 'before' });
  assert.equal((await event(toAlice, 'signal')).frame.sdp, 'before');
  const away = event(toAlice, 'away');
  fire('pagehide');
  await away;
  toAlice.signal({ type: 'ice', candidate: 'meanwhile' });
  room.publish('meanwhile');

  const copy = new Map(kept.items);
  const back = event(toAlice, 'back');
  alice = visit(t, socket, { storage: kept });
  const { match, rooms } = await alice.restored;
  await back;
  assert.equal(match.partnerId, bob.clientId);
  assert.equal((await event(match, 'signal')).frame.candidate, 'meanwhile');
  assert.equal((await event(rooms[0], 'message')).data, 'meanwhile');
  match.signal({ type: 'answer', sdp: 'after' });
  assert.equal((await event(toAlice, 'signal')).frame.sdp, 'after');

  for (const [key, value] of copy) kept.setItem(key, value);
  const duplicate = visit(t, socket, { storage: kept });
  await Promise.race([reaches(alice, 'failed'), duplicate.restored.then((it) => it === null || reaches(alice, 'failed'))]);
  assert.ok(alice.state === 'failed' || (await duplicate.restored) === null);
});

test('several addresses: the first that answers is taken', async (t) => {
  const { socket } = await serve(t);
  const client = visit(t, ['ws://127.0.0.1:9/ws', socket]);
  await reaches(client, 'connected');
  assert.deepEqual(client.states, ['disconnected', 'connected false']);
});

test('a server that shuts down tells its clients to come back elsewhere', async (t) => {
  const [one, two] = [await serve(t), await serve(t)];
  const client = visit(t, [one.socket, two.socket]);
  const room = await client.join('tea');
  const moved = reaches(client, 'disconnected').then(() => reaches(client, 'connected'));
  await one.stop();
  await moved;
  assert.deepEqual(client.states.slice(1), ['disconnected shutting down', 'connected false']);
  await client.topics();
  assert.equal(room.ended, false);
  assert.deepEqual(await visit(t, two.socket).topics(), { topics: [{ topic: 'tea', count: 1 }] });
});
