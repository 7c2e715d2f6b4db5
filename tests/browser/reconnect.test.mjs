import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, Person } from './support/browser.mjs';
import { startProxy } from './support/proxy.mjs';
import { startServer } from './support/server.mjs';

let browser, lasting;
before(async () => ([browser, lasting] = await Promise.all([launch(), startServer()])));
after(() => Promise.all([browser?.close(), lasting?.stop()]));

/** A server of the test's own, and the way to have it come back on its port. */
async function mortalServer(t) {
  let server = await startServer();
  t.after(() => server.stop());
  const { url, port, stop } = server;
  return { url, stop, comeBack: async () => (server = await startServer({ port })) };
}

/** @param {import('node:test').TestContext} t @param {string} url */
const visit = (t, url) => Person.visit(t, browser, url, { outage: true });

test('a page that waits returns to the queue when the server returns', async (t) => {
  const server = await mortalServer(t);
  const alice = await visit(t, server.url);
  await alice.start();
  await alice.reaches('waiting');

  assert.equal(await server.stop(), 0);
  assert.match(await alice.reaches('reconnecting'), /Trying again/);
  await server.comeBack();
  await alice.reaches('waiting');
});

test('a call outlives the server, and Next finds the next partner on the restarted one', async (t) => {
  const server = await mortalServer(t);
  const people = [await visit(t, server.url), await visit(t, server.url)];
  const [alice, bob] = people;
  for (const person of people) await person.start();
  await Promise.all(people.map((person) => person.reaches('in-call')));

  await server.stop('SIGKILL');
  for (const text of await Promise.all(people.map((person) => person.reaches('reconnecting')))) assert.match(text, /call goes on/);
  await Promise.all(people.map((person) => person.receivesMedia()));
  await server.comeBack();
  for (const text of await Promise.all(people.map((person) => person.reaches('in-call')))) assert.match(text, /lost sight of it/);
  await Promise.all(people.map((person) => person.receivesMedia()));

  await alice.page.click('#next');
  assert.match(await bob.reaches('partner-left'), /Your call has ended/);
  await Promise.all(people.map((person) => person.reaches('in-call')));
  await Promise.all(people.map((person) => person.receivesMedia()));
});

const clientId = ({ page }) => page.evaluate(() => window.meetpoint.client.clientId);
const bothReach = (people, state) => Promise.all(people.map((person) => person.reaches(state)));
const bothReceive = (people) => Promise.all(people.map((person) => person.receivesMedia()));

/** Alice, whose way to the server can be cut, in a call with Bob. */
async function callOverProxy(t) {
  const proxy = await startProxy(t, lasting.port);
  const people = [await visit(t, proxy.url), await Person.visit(t, browser, lasting.url)];
  for (const person of people) await person.start();
  await bothReach(people, 'in-call');
  await bothReceive(people);
  return { proxy, people };
}

test('a call and its match outlive a cut of the socket, and Next works afterwards', async (t) => {
  const { proxy, people } = await callOverProxy(t);
  const [alice, bob] = people;
  const before = await clientId(alice);

  await proxy.stop();
  assert.match(await alice.reaches('reconnecting'), /call goes on/);
  assert.match(await bob.reaches('partner-away'), /call goes on/);
  await bothReceive(people);
  await proxy.start();
  assert.deepEqual(await bothReach(people, 'in-call'), ['In call', 'In call']);
  assert.equal(await clientId(alice), before);
  await bothReceive(people);

  const carol = await Person.visit(t, browser, lasting.url);
  await carol.start();
  await carol.reaches('waiting');
  await alice.page.click('#next');
  assert.match(await bob.reaches('partner-left'), /moved on/);
  await bothReach([bob, carol], 'in-call');
  await bothReceive([bob, carol]);
});

test('a place in the queue outlives a cut', async (t) => {
  const proxy = await startProxy(t, lasting.port);
  const alice = await visit(t, proxy.url);
  await alice.start();
  await alice.reaches('waiting');
  await proxy.stop();
  await alice.reaches('reconnecting');
  await proxy.start();
  await alice.reaches('waiting');
  const bob = await Person.visit(t, browser, lasting.url);
  await bob.start();
  await bothReach([alice, bob], 'in-call');
  assert.equal(await alice.initiator(), false, 'she has waited longer');
});

test('a page that is loaded anew is back in its call, whoever called', async (t) => {
  const people = [await Person.visit(t, browser, lasting.url), await Person.visit(t, browser, lasting.url)];
  for (const person of people) await person.start();
  await bothReach(people, 'in-call');
  for (const [reloaded, other] of [people, people.toReversed()]) {
    const before = await clientId(reloaded);
    const initiator = await reloaded.initiator();
    await reloaded.reload();
    await other.reaches('negotiating');
    await bothReach(people, 'in-call');
    await bothReceive(people);
    assert.deepEqual([await clientId(reloaded), await reloaded.initiator()], [before, initiator]);
  }
});

test('two pages that are loaded anew at once are back in their call', async (t) => {
  const people = [await Person.visit(t, browser, lasting.url), await Person.visit(t, browser, lasting.url)];
  for (const person of people) await person.start();
  await bothReach(people, 'in-call');
  const before = await Promise.all(people.map(clientId));
  await Promise.all(people.map((person) => person.reload()));
  await bothReach(people, 'in-call');
  await bothReceive(people);
  assert.deepEqual(await Promise.all(people.map(clientId)), before);
});

test('a page that the browser keeps for the Back button gives the camera back, and is in its call again when it is shown', async (t) => {
  const people = [await Person.visit(t, browser, lasting.url), await Person.visit(t, browser, lasting.url)];
  const [alice] = people;
  for (const person of people) await person.start();
  await bothReach(people, 'in-call');
  const transition = (type) => dispatchEvent(new PageTransitionEvent(type, { persisted: true }));
  await alice.page.evaluate(transition, 'pagehide');
  const tracks = await alice.page.$eval('#local', ({ srcObject }) => srcObject.getTracks().map(({ readyState }) => readyState));
  assert.deepEqual(tracks, ['ended', 'ended']);
  await alice.anew(() => alice.page.evaluate(transition, 'pageshow'));
  await bothReach(people, 'in-call');
  await bothReceive(people);
});

test('a page that is loaded anew while it waits keeps its place', async (t) => {
  const alice = await Person.visit(t, browser, lasting.url);
  await alice.start();
  await alice.reaches('waiting');
  const before = await clientId(alice);
  await alice.reload();
  await alice.reaches('waiting');
  assert.equal(await clientId(alice), before);
});

test('a page that is loaded anew after Stop asks for nothing', async (t) => {
  const alice = await Person.visit(t, browser, lasting.url);
  await alice.start();
  await alice.reaches('waiting');
  await alice.page.click('#stop');
  await alice.reload();
  await alice.reaches('idle');
  assert.equal(await alice.page.evaluate(() => window.meetpoint.client), null);
});

test('a partner who closed the page is not waited for until the window ends', async (t) => {
  const [alice, bob] = [await Person.visit(t, browser, lasting.url), await Person.visit(t, browser, lasting.url)];
  for (const person of [alice, bob]) await person.start();
  await bothReach([alice, bob], 'in-call');
  await bob.page.goto('about:blank');
  await alice.reaches('partner-away');
  // The page's own decision: when the window ends, the server says that the partner stopped responding.
  assert.match(await alice.reaches('partner-left'), /could not be reached/);
});
