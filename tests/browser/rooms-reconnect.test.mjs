import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startProxy } from './support/proxy.mjs';
import { atDoor, canWrite, enters, inside, reads, sees, writes } from './support/rooms.mjs';
import { startServer } from './support/server.mjs';
import { browser, server } from './support/stage.mjs';

const OUTAGE = { outage: true };
const join = (t, topic, name) => inside(t, browser, server.url, topic, name);
const clientId = ({ page }) => page.evaluate(() => window.meetpoint.client.clientId);

/** A server of the test's own, which is gone before the pages are. */
async function serverWith(t, env) {
  const own = await startServer({ env });
  t.after(() => own.stop());
  return own;
}

test('a cut of the socket leaves the calls alone, and who came meanwhile is met afterwards', async (t) => {
  const proxy = await startProxy(t, server.port);
  const bob = await inside(t, browser, proxy.url, 'cut', 'Bob', OUTAGE);
  // Of the same page behind the same address: rooms are separate by Origin.
  const ann = await inside(t, browser, proxy.url, 'cut', 'Ann', OUTAGE);
  await Promise.all([sees(ann, 'Bob'), sees(bob, 'Ann')]);
  const before = await clientId(bob);

  await proxy.stop();
  await Promise.all([ann, bob].map((person) => person.reaches('reconnecting')));
  assert.match(await bob.page.textContent('#status'), /^Reconnecting/);
  await Promise.all([sees(ann, 'Bob'), sees(bob, 'Ann')]);
  await writes(ann, 'Can you hear me?');
  await reads(bob, '#log', /Can you hear me\?/);

  await proxy.start();
  await Promise.all([ann, bob].map((person) => person.reaches('live')));
  assert.equal(await clientId(bob), before, 'the session went on');
  const eve = await inside(t, browser, proxy.url, 'cut', 'Eve', OUTAGE);
  await Promise.all([sees(ann, 'Bob', 'Eve'), sees(bob, 'Ann', 'Eve'), sees(eve, 'Ann', 'Bob')]);
});

test('a page that is loaded anew is back in the room as the same member', async (t) => {
  const [ann, bob] = [await join(t, 'reload', 'Ann'), await join(t, 'reload', 'Bob')];
  await Promise.all([sees(ann, 'Bob'), sees(bob, 'Ann')]);
  for (const person of [ann, bob]) {
    const before = await clientId(person);
    await person.reload();
    await person.reaches('live');
    assert.equal(await clientId(person), before);
    await Promise.all([sees(ann, 'Bob'), sees(bob, 'Ann')]);
  }
  await Promise.all([ann, bob].map(canWrite));
  assert.equal(await ann.page.textContent('#status'), 'In “reload” · 2 of 6');
});

test('where the server resumes nothing, the room is entered anew after a cut', async (t) => {
  const { port } = await serverWith(t, { RESUME_WINDOW: '0' });
  const proxy = await startProxy(t, port);
  const people = [await inside(t, browser, proxy.url, 'anew', 'Ann', OUTAGE), await inside(t, browser, proxy.url, 'anew', 'Bob', OUTAGE)];
  const [ann, bob] = people;
  await Promise.all([sees(ann, 'Bob'), sees(bob, 'Ann')]);
  const before = await clientId(ann);
  await proxy.stop();
  await Promise.all(people.map((person) => person.reaches('reconnecting')));
  await proxy.start();
  await Promise.all(people.map((person) => person.reaches('live')));
  assert.notEqual(await clientId(ann), before);
  await Promise.all([sees(ann, 'Bob'), sees(bob, 'Ann')]);
});

test('where the server resumes nothing, a page that is loaded anew waits at the door of its room', async (t) => {
  const { url } = await serverWith(t, { RESUME_WINDOW: '0' });
  const ann = await inside(t, browser, url, 'door', 'Ann', OUTAGE);
  await ann.reload();
  await ann.reaches('idle');
  assert.equal(await ann.page.inputValue('#topic'), 'door');
  assert.equal(await ann.page.inputValue('#name'), 'Ann');
  await enters(ann, 'Ann');
  await ann.reaches('live');
});

test('a room that the server calls full is told as one', async (t) => {
  const { url } = await serverWith(t, { MAX_ROOM_SIZE: '2' });
  const people = [await inside(t, browser, url, 'small', 'Ann', OUTAGE), await inside(t, browser, url, 'small', 'Bob', OUTAGE)];
  const eve = await atDoor(t, browser, url, 'small', OUTAGE);
  await enters(eve, 'Eve');
  assert.match(await eve.reaches('full'), /The room is full/);
  await people[1].page.click('#leave');
  await people[1].reaches('idle');
  await enters(eve, 'Eve');
  await Promise.all([sees(people[0], 'Eve'), sees(eve, 'Ann')]);
});
