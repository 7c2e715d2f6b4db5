import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Person } from './support/browser.mjs';
import { fitsScreen, isAccessible, PHONE } from './support/looks.mjs';
import { atDoor, inside, sees, standIns, writes } from './support/rooms.mjs';
import { browser, server } from './support/stage.mjs';

const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);
const outline = (page) => page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);

test('on a phone 360 pixels wide everything fits, before and in a call', async (t) => {
  const alice = await Person.visit(t, browser, server.url, { context: PHONE });
  const bob = await Person.visit(t, browser, server.url);
  await fitsScreen(alice.page, '#status', '#start', 'nav a:last-child');
  await alice.page.tap('#start');
  await alice.reaches('waiting');
  await fitsScreen(alice.page, '#status', '#stop', '#next', '#microphone', '#camera');
  await bob.start();
  await alice.reaches('in-call');
  await fitsScreen(alice.page, '#status', '#stop', '#next', '#microphone', '#camera', '#remote', '#local');
});

test('the four pages lead to each other, and each shows which one it is', async (t) => {
  const { page } = await Person.visit(t, browser, server.url);
  for (const name of ['Rooms', 'Send', 'Status', 'Chat']) {
    await page.click(`nav a:text-is("${name}")`);
    await page.waitForFunction((name) => document.querySelector('nav [aria-current=page]')?.textContent === name, name);
    assert.deepEqual(await page.locator('nav a').allTextContents(), ['Chat', 'Rooms', 'Send', 'Status']);
    assert.equal(await page.locator('h1').count(), 1);
  }
});

test('the page can be used by keyboard alone', async (t) => {
  const { page } = await Person.visit(t, browser, server.url);
  for (const name of ['Chat', 'Rooms', 'Send', 'Status', 'start']) {
    await page.keyboard.press('Tab');
    assert.equal(await focused(page), name);
    assert.equal(await outline(page), 'solid', 'the focus is visible');
  }
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.body.dataset.state === 'waiting');
  assert.equal(await focused(page), 'stop', 'the focus stays with what can be pressed');
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'next');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  assert.equal(await focused(page), 'start');
});

test('a status line says what happens, for eyes and for screen readers', async (t) => {
  const { page } = await Person.visit(t, browser, server.url);
  const status = page.locator('#status');
  assert.equal(await status.getAttribute('aria-live'), 'polite');
  await page.click('#start');
  await page.waitForFunction(() => document.querySelector('#elapsed').textContent >= '0:02');
  assert.match(await status.textContent(), /^Looking for someone…$/);
});

test('a room of six fits a phone 360 pixels wide, with and without the text', async (t) => {
  await standIns(t, browser, server.url, 'phone', 5);
  const { page } = await inside(t, browser, server.url, 'phone', 'Ann', { context: PHONE });
  const tiles = [1, 2, 3, 4, 5, 6].map((place) => `.tile:nth-child(${place})`);
  const buttons = ['#microphone', '#camera', '#chat', '#link', '#leave'];
  await fitsScreen(page, '#status', ...buttons, ...tiles);
  assert.ok(await page.isHidden('#text'));
  await page.tap('#chat');
  await fitsScreen(page, '#status', ...buttons, ...tiles, '#text', '#send');
  await page.keyboard.press('Escape');
  assert.ok(await page.isHidden('#text'));
  assert.equal(await focused(page), 'chat');
});

test('what is written while the text is closed on a phone is counted and shown for a moment', async (t) => {
  const ann = await inside(t, browser, server.url, 'unread', 'Ann', { context: PHONE });
  const bob = await inside(t, browser, server.url, 'unread', 'Bob');
  await sees(bob, 'Ann');
  await bob.page.waitForFunction(() => document.querySelector('#unreached').textContent === '');
  await writes(bob, 'hello');
  await ann.page.waitForFunction(() => document.querySelector('#notice').textContent === 'Bob: hello');
  assert.equal(await ann.page.textContent('#unread'), '1');
  assert.equal(await ann.page.getAttribute('#chat', 'aria-label'), 'Text, 1 unread');
  await ann.page.tap('#chat');
  assert.ok(await ann.page.isHidden('#unread'));
});

test('a room can be used by keyboard alone', async (t) => {
  const { page } = await atDoor(t, browser, server.url, '');
  for (const name of ['Chat', 'Rooms', 'Send', 'Status', 'topic']) {
    await page.keyboard.press('Tab');
    assert.equal(await focused(page), name);
    assert.equal(await outline(page), 'solid', 'the focus is visible');
  }
  await page.keyboard.type('by keyboard');
  await page.keyboard.press('Tab');
  await page.keyboard.type('Ann');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.body.dataset.state === 'live');
  assert.equal(await focused(page), 'leave', 'the focus stays with what can be pressed');
  await page.focus('#text');
  await page.keyboard.type('to myself');
  await page.keyboard.press('Enter');
  assert.equal(await page.textContent('#log .what'), 'to myself');
  await page.focus('#leave');
  await page.keyboard.press('Enter');
  assert.equal(await focused(page), 'enter');
});

for (const colorScheme of ['light', 'dark']) {
  test(`contrast, names and roles are right, ${colorScheme}`, async (t) => {
    // Of the axe rules most look at what is in the tree, some at colours: on the phone the text lies elsewhere.
    for (const context of [{ colorScheme }, { ...PHONE, colorScheme }]) {
      const alice = await Person.visit(t, browser, server.url, { context });
      await isAccessible(alice.page);
      await alice.start();
      await alice.reaches('waiting');
      await isAccessible(alice.page);
      await alice.page.click('#stop');

      const topic = `looks ${colorScheme} ${context.isMobile ?? false}`;
      const ann = await atDoor(t, browser, server.url, topic, { context });
      await isAccessible(ann.page);
      await standIns(t, browser, server.url, topic, 2);
      await ann.page.click('#enter');
      await ann.reaches('live');
      if (context.isMobile) await ann.page.tap('#chat');
      await writes(ann, 'hello');
      await isAccessible(ann.page);
    }
  });
}
