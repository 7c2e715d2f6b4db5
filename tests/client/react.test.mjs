/** The hook, in components that React renders. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderToString } from 'react-dom/server';
import { act, createElement, mount, useMeetpoint } from './support/react.mjs';
import { page as events, resumed, settle, stage, storage } from './support/fake.mjs';
import { WebSocket, event, serve, visit } from './support/stage.mjs';

const URL = 'wss://example.org/ws';
const matched = (partnerId) => ({ type: 'matched', roomId: 'r', partnerId, initiator: true, partnerUserId: 9 });
const types = (frames) => frames.map(({ type }) => type);

test('on a server it renders as not yet connected, and connects nothing', () => {
  const Page = () => {
    const { isConnected, state, clientId, partnerId, isWaiting, signalAvailable } = useMeetpoint(URL);
    signalAvailable();
    return createElement('p', null, JSON.stringify({ isConnected, state, clientId, partnerId, isWaiting }));
  };
  assert.equal(
    renderToString(createElement(Page)).replaceAll('&quot;', '"'),
    '<p>{"isConnected":false,"state":"connecting","clientId":null,"partnerId":null,"isWaiting":false}</p>',
  );
});

test('two components meet, exchange what WebRTC needs, and part', async (t) => {
  const { socket } = await serve(t);
  const heard = [];
  const handlers = {
    WebSocket,
    onMatched: (match) => heard.push(['matched', match.partnerId]),
    onOffer: (sdp) => heard.push(['offer', sdp]),
    onAnswer: (sdp) => heard.push(['answer', sdp]),
    onIceCandidate: (candidate) => heard.push(['ice', candidate]),
    onPartnerLeft: (reason) => heard.push(['left', reason]),
  };
  const page = await mount(t, socket, { ...handlers, requeue: false });
  const bob = visit(t, socket);
  await page.until(({ isConnected }) => isConnected);
  assert.ok(page.now.clientId);
  await act(() => page.now.signalAvailable());
  assert.equal(page.now.isWaiting, true);
  const match = await bob.match();
  await page.until(({ partnerId }) => partnerId === bob.clientId);
  assert.deepEqual([page.now.isWaiting, page.now.initiator], [false, !match.initiator]);
  assert.equal(page.now.match.roomId, match.roomId);

  page.now.sendOffer({ sdp: 1 });
  assert.deepEqual((await event(match, 'signal')).frame, { type: 'offer', sdp: { sdp: 1 } });
  page.now.sendAnswer(2);
  assert.deepEqual((await event(match, 'signal')).frame, { type: 'answer', sdp: 2 });
  page.now.sendIceCandidate(3);
  assert.deepEqual((await event(match, 'signal')).frame, { type: 'ice', candidate: 3 });
  match.signal({ type: 'offer', sdp: 4 });
  match.signal({ type: 'answer', sdp: 5 });
  match.signal({ type: 'ice', candidate: 6 });
  match.leave();
  await page.until(({ partnerId }) => partnerId === null);
  assert.deepEqual(heard, [['matched', bob.clientId], ['offer', 4], ['answer', 5], ['ice', 6], ['left', 'left']]);

  await act(() => page.now.nextPartner());
  assert.equal(page.now.isWaiting, true);
  await act(() => page.now.leave());
  assert.equal(page.now.isWaiting, false);
  await page.unmount();
});

test('in StrictMode there is one connection, and none after unmounting', async (t) => {
  const world = stage(t);
  const page = await mount(t, URL, { WebSocket: world.WebSocket }, { strict: true });
  await act(settle);
  assert.equal(world.sockets.length, 1);
  await act(() => world.greet());
  assert.deepEqual([page.now.isConnected, page.now.state, page.now.clientId], [true, 'connected', 'alice']);
  await page.unmount();
  assert.deepEqual([world.sockets.length, world.socket.closedWith], [1, 1000]);
});

test('functions stay the same, handlers are the latest, and another url is another client', async (t) => {
  const world = stage(t);
  const heard = [];
  const options = (name) => ({ WebSocket: world.WebSocket, onMatched: () => heard.push(name), onError: ({ code }) => heard.push(code) });
  const page = await mount(t, URL, options('first'));
  await act(() => world.greet());
  const { signalAvailable, nextPartner, leave, sendOffer, sendAnswer, sendIceCandidate, client } = page.now;
  await page.rerender(URL, options('second'));
  assert.equal(world.sockets.length, 1);
  for (const [name, value] of Object.entries({ signalAvailable, nextPartner, leave, sendOffer, sendAnswer, sendIceCandidate, client })) assert.equal(page.now[name], value, name);
  await act(() => (signalAvailable(), signalAvailable(), sendOffer('to nobody')));
  assert.deepEqual(types(world.socket.fresh()), ['available']);
  await act(() => (world.socket.say(matched('bob')), settle()));
  await act(() => world.socket.say({ type: 'error', code: 'RATE_LIMIT', message: '' }));
  assert.deepEqual(heard, ['second', 'RATE_LIMIT']);
  assert.deepEqual([page.now.partnerId, page.now.partnerUserId], ['bob', 9]);
  await act(() => signalAvailable());
  assert.deepEqual(world.socket.fresh(), [], 'there is a partner');

  await page.rerender([URL, 'wss://other.example/ws'], options('third'));
  assert.deepEqual([page.now.isConnected, page.now.partnerId], [false, null]);
  assert.equal(world.sockets[0].closedWith, 1000);
  await act(settle);
  assert.equal(world.sockets.length, 2);
  await page.rerender(URL, { ...options('fourth'), enabled: false });
  await act(settle);
  assert.deepEqual([page.now.client, world.sockets.length], [null, 2]);
});

test('the next partner, and a partner who is away', async (t) => {
  const world = stage(t);
  const page = await mount(t, URL, { WebSocket: world.WebSocket });
  await act(() => world.greet());
  await act(() => page.now.nextPartner());
  await act(() => (world.socket.say(matched('bob')), settle()));
  await act(() => world.socket.say({ type: 'partner-away', until: Date.now() + 1000 }));
  assert.equal(page.now.partnerAway, true);
  await act(() => world.socket.say({ type: 'partner-back' }));
  assert.equal(page.now.partnerAway, false);
  world.socket.fresh();
  await act(() => page.now.nextPartner());
  assert.deepEqual([types(world.socket.fresh()), page.now.partnerId, page.now.isWaiting], [['next', 'available'], null, true]);
  await act(() => (world.socket.say(matched('carol')), settle()));
  assert.equal(page.now.partnerId, 'carol');
  await act(() => page.now.leave());
  assert.deepEqual([types(world.socket.fresh()), page.now.partnerId], [['leave'], null]);
});

test('whom the partner left looks for another, as on the wire, unless told otherwise', async (t) => {
  const world = stage(t);
  const left = [];
  const options = { WebSocket: world.WebSocket, onPartnerLeft: (reason) => left.push(reason) };
  const page = await mount(t, URL, options);
  await act(() => world.greet());
  const meet = async (partner) => {
    await act(() => (world.socket.say(matched(partner)), settle()));
    world.socket.fresh();
    await act(() => (world.socket.say({ type: 'partner-left', reason: 'next' }), settle()));
  };
  await act(() => page.now.signalAvailable());
  await meet('bob');
  assert.deepEqual([types(world.socket.fresh()), page.now.partnerId, page.now.isWaiting], [['available'], null, true]);
  await page.rerender(URL, { ...options, requeue: false });
  await meet('carol');
  assert.deepEqual([page.now.isWaiting, left], [false, ['next', 'next']]);
});

test('what comes in the same breath as the match waits for whoever listens, when there are no handlers', async (t) => {
  const world = stage(t);
  const page = await mount(t, URL, { WebSocket: world.WebSocket });
  await act(() => world.greet());
  await act(() => page.now.signalAvailable());
  await act(() => {
    world.socket.say(matched('bob'));
    world.socket.say({ type: 'offer', sdp: 'early', from: 'bob' });
    return settle();
  });
  const heard = [];
  page.now.match.addEventListener('signal', ({ frame }) => heard.push(frame.sdp));
  await settle();
  assert.deepEqual(heard, ['early']);
});

test('a cut shows as not connected, and the partner stays', async (t) => {
  const world = stage(t);
  const page = await mount(t, URL, { WebSocket: world.WebSocket });
  await act(() => world.greet());
  await act(() => page.now.signalAvailable());
  await act(() => (world.socket.say(matched('bob')), settle()));
  await act(() => world.socket.cut());
  assert.deepEqual([page.now.isConnected, page.now.state, page.now.partnerId], [false, 'disconnected', 'bob']);
  await act(() => world.redial());
  await act(() => world.greet(resumed(1)));
  assert.deepEqual([page.now.isConnected, page.now.partnerId], [true, 'bob']);
});

test('a reload brings the partner back, also in StrictMode', async (t) => {
  const world = stage(t);
  const kept = storage();
  const { fire } = events(t);
  const before = await world.connected({ storage: kept, storageKey: 'k' });
  const matching = before.client.match();
  before.socket.say(matched('bob'));
  await matching;
  fire('pagehide');
  const met = [];
  const page = await mount(t, URL, { WebSocket: world.WebSocket, storage: kept, storageKey: 'k', onMatched: ({ restored }) => met.push(restored) }, { strict: true });
  await act(settle);
  await act(() => world.greet(resumed(1)));
  assert.equal(world.socket.hello.resume.token, 't1');
  assert.deepEqual([page.now.partnerId, met], ['bob', [true]]);
});
