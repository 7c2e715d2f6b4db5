/** What must be true of a page's looks in whatever state it is. */

import assert from 'node:assert/strict';
import axe from 'axe-core';

export const PHONE = { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true };

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Contrast, names, roles, landmarks: whatever a program can see of WCAG 2.2 AA. @param {import('playwright-core').Page} page */
export async function isAccessible(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate((values) => window.axe.run({ runOnly: { type: 'tag', values } }), RULES);
  const told = violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`));
  assert.deepEqual(told, []);
}

/** Nothing to scroll sideways. @param {import('playwright-core').Page} page */
export async function fitsWidth(page) {
  const { wide, most } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, most: innerWidth }));
  assert.ok(wide <= most, `${wide} pixels wide on a screen of ${most}`);
}

/** Whether these elements are visible, and wholly on the screen. @param {import('playwright-core').Page} page @param {string[]} selectors */
export async function fitsScreen(page, ...selectors) {
  await fitsWidth(page);
  const { width, height } = page.viewportSize();
  for (const selector of selectors) {
    assert.ok(await page.isVisible(selector), `${selector} is visible`);
    const box = await page.locator(selector).boundingBox();
    assert.ok(box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height, `${selector} is on the screen`);
  }
}
