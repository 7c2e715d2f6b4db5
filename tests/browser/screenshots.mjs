/**
 * Makes the pictures of the demo pages in docs/screenshots. `node screenshots.mjs rooms` makes those of one page.
 * Each page has a file in screenshots/, which exports `take(studio)`.
 */

import { fileURLToPath } from 'node:url';
import { ALWAYS_ALLOW, launch, Person } from './support/browser.mjs';
import { startServer } from './support/server.mjs';

const PAGES = ['chat', 'rooms', 'send', 'status'];
const DESKTOP = { viewport: { width: 1280, height: 800 }, colorScheme: 'light' };
const PHONE = { viewport: { width: 360, height: 740 }, colorScheme: 'dark', deviceScaleFactor: 2, isMobile: true, hasTouch: true };

/** Stands in for a test, at whose end everybody leaves. */
const session = { ends: [], after: (end) => session.ends.push(end) };

const server = await startServer();
const browser = await launch([ALWAYS_ALLOW]);

/**
 * @typedef {object} Studio
 * @property {typeof DESKTOP} DESKTOP  a light desktop
 * @property {typeof PHONE} PHONE  a dark phone
 * @property {import('playwright-core').Browser} browser  without camera and microphone
 * @property {string} url  of the server
 * @property {{ after: (end: () => Promise<void>) => void }} session  where support functions expect a test
 * @property {(context: object, lot: number, path?: string) => Promise<Person>} visit  somebody whose test picture and name are the same every time
 * @property {(person: Person, name: string) => Promise<void>} shoot  into docs/screenshots/<name>.png
 */
const studio = {
  DESKTOP,
  PHONE,
  browser,
  url: server.url,
  session,
  visit: (context, lot, path = '') =>
    Person.visit(session, browser, server.url + path, { context, prepare: (page) => page.addInitScript((lot) => (Math.random = () => lot), lot) }),
  shoot: async ({ page }, name) => {
    await page.mouse.move(0, 0);
    await page.screenshot({ path: fileURLToPath(new URL(`../../docs/screenshots/${name}.png`, import.meta.url)) });
  },
};

try {
  const wanted = process.argv.slice(2);
  for (const name of wanted.length ? wanted : PAGES) {
    const { take } = await import(`./screenshots/${name}.mjs`);
    await take(studio);
    for (const end of session.ends.splice(0)) await end();
  }
} finally {
  await Promise.all([browser.close(), server.stop()]);
}
