import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atDoor, canWrite, enters, inside, reads, sees, standIns, writes } from './support/rooms.mjs';
import { browser, server } from './support/stage.mjs';

const join = (t, topic, name) => inside(t, browser, server.url, topic, name);

test('three people in a room see each other, and the later ones called the earlier', async (t) => {
  const ann = await join(t, 'mesh', 'Ann');
  const bob = await join(t, 'mesh', 'Bob');
  const eve = await join(t, 'mesh', 'Eve');
  await Promise.all([sees(ann, 'Bob', 'Eve'), sees(bob, 'Ann', 'Eve'), sees(eve, 'Ann', 'Bob')]);
  for (const { page } of [ann, bob, eve]) assert.equal(await page.textContent('#status'), 'In “mesh” · 3 of 6');

  const roles = ({ page }) => page.evaluate(() => [...window.meetpoint.members.values()].map(({ call }) => call.initiator));
  assert.deepEqual([await roles(ann), await roles(bob), await roles(eve)], [[false, false], [true, false], [true, true]]);
});

test('what is written reaches everybody, as text and never as markup', async (t) => {
  const people = [await join(t, 'text', 'Ann'), await join(t, 'text', 'Bob'), await join(t, 'text', 'Eve')];
  const [ann, bob, eve] = people;
  await Promise.all(people.map(canWrite));
  const markup = '<img src=x onerror="document.title=\'owned\'">';
  await writes(ann, markup);
  for (const person of [bob, eve]) {
    await reads(person, '#log', /^Ann<img/);
    assert.equal(await person.page.textContent('#log .what'), markup);
    assert.equal(await person.page.locator('#log img').count(), 0);
  }
  assert.equal(await ann.page.textContent('#log'), `You${markup}`);
  assert.equal(await ann.page.inputValue('#text'), '');
});

test('who has no connection yet is named, and so is who missed what was written', async (t) => {
  await standIns(t, browser, server.url, 'deaf', 1);
  const ann = await join(t, 'deaf', 'Ann');
  assert.match(await ann.page.textContent('#unreached'), /No connection yet with Stand-in 1/);
  assert.equal(await ann.page.textContent('.tile:last-child .link'), 'Connecting…');
  await writes(ann, 'hello?');
  assert.equal(await ann.page.textContent('#log'), 'You · did not reach Stand-in 1hello?');
});

test('coming, going, muting and covering the camera are shown to the others', async (t) => {
  const ann = await join(t, 'presence', 'Ann');
  assert.match(await ann.page.textContent('#unreached'), /Nobody else is here/);
  const told = reads(ann, '#notice', /^Bob came in\.$/);
  const bob = await join(t, 'presence', 'Bob');
  await told;
  await sees(ann, 'Bob');

  await bob.page.click('#microphone');
  await ann.page.getByRole('listitem').filter({ hasText: 'Bob' }).getByRole('img', { name: 'Muted' }).waitFor();
  await bob.page.click('#camera');
  await ann.page.locator('.tile.unlit', { hasText: 'Bob' }).locator('.initial').waitFor();
  const enabled = () => bob.page.$eval('.tile video', ({ srcObject }) => srcObject.getTracks().map((track) => track.enabled));
  assert.deepEqual(await enabled(), [false, false]);
  await bob.page.click('#microphone');
  await ann.page.locator('.tile:not(.muted)', { hasText: 'Bob' }).waitFor();

  await bob.page.click('#leave');
  await reads(ann, '#notice', /^Bob left\.$/);
  assert.equal(await ann.page.locator('.tile').count(), 1);
  assert.equal(await ann.page.textContent('#status'), 'In “presence” · 1 of 6');
  await bob.reaches('idle');
  await enters(bob, 'Bobby');
  await sees(ann, 'Bobby');
});

test('the seventh is told that the room is full, and the six hear nothing of it', async (t) => {
  await standIns(t, browser, server.url, 'full', 5);
  const sixth = await join(t, 'full', 'Sixth');
  assert.equal(await sixth.page.textContent('#status'), 'In “full” · 6 of 6');
  const seventh = await atDoor(t, browser, server.url, 'full');
  await enters(seventh, 'Seventh');
  assert.match(await seventh.reaches('full'), /The room is full/);
  assert.ok(await seventh.page.isVisible('#enter'));
  assert.equal(await sixth.page.locator('.tile').count(), 6);
  assert.equal(await sixth.page.textContent('#notice'), '');
});

test('a link leads to its room, and a name of any writing is shown as it is', async (t) => {
  const topic = 'Бар «Ёлка» & 100 %';
  const ann = await atDoor(t, browser, server.url, topic);
  assert.equal(await ann.page.inputValue('#topic'), topic);
  await enters(ann, 'مريم <b>');
  await ann.reaches('live');
  assert.equal(await ann.page.textContent('#status'), `In “${topic}” · 1 of 6`);
  assert.equal(await ann.page.textContent('.tile .name'), 'مريم <b> (you)');
  assert.equal(new URL(ann.page.url()).hash, `#${encodeURIComponent(topic)}`);
});
