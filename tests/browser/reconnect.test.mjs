import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, Person } from './support/browser.mjs';
import { startServer } from './support/server.mjs';

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

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
