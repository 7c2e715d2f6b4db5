import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Person } from './support/browser.mjs';
import { browser, server } from './support/stage.mjs';

const PHONE = { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true };

async function fits({ page }, ...buttons) {
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing to scroll sideways');
  const { width, height } = page.viewportSize();
  for (const id of ['status', ...buttons]) {
    assert.ok(await page.isVisible(`#${id}`), `#${id} is visible`);
    const box = await page.locator(`#${id}`).boundingBox();
    assert.ok(box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height, `#${id} is on the screen`);
  }
}

test('on a phone 360 pixels wide everything fits, before and in a call', async (t) => {
  const alice = await Person.visit(t, browser, server.url, { context: PHONE });
  const bob = await Person.visit(t, browser, server.url);
  await fits(alice, 'start');
  await alice.page.tap('#start');
  await alice.reaches('waiting');
  await fits(alice, 'stop', 'next', 'microphone', 'camera');
  await bob.start();
  await alice.reaches('in-call');
  await fits(alice, 'stop', 'next', 'microphone', 'camera', 'remote', 'local');
});

test('the page can be used by keyboard alone', async (t) => {
  const { page } = await Person.visit(t, browser, server.url);
  const focused = () => page.evaluate(() => document.activeElement.id);
  const outline = () => page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);

  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'start');
  assert.equal(await outline(), 'solid', 'the focus is visible');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.body.dataset.state === 'waiting');
  assert.equal(await focused(), 'stop', 'the focus stays with what can be pressed');
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'next');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  assert.equal(await focused(), 'start');
});

test('a status line says what happens, for eyes and for screen readers', async (t) => {
  const { page } = await Person.visit(t, browser, server.url);
  const status = page.locator('#status');
  assert.equal(await status.getAttribute('aria-live'), 'polite');
  await page.click('#start');
  await page.waitForFunction(() => document.querySelector('#elapsed').textContent >= '0:02');
  assert.match(await status.textContent(), /^Looking for someone…$/);
});
