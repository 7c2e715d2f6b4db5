/** People on pages that are not meetpoint's: front ends on an origin of their own, beside one server and one browser. */

import { after } from 'node:test';
import { Person } from './browser.mjs';
import { serveFrontEnds } from './foreign.mjs';
import { browser, server } from './stage.mjs';

export const frontEnds = await serveFrontEnds();
after(() => frontEnds.close());

/** Paths of the front ends, and meetpoint's own page. */
export const PLAIN = '/plain.html';
export const REACT = '/react/';
export const HOOK = '/hook/';
export const NEGOTIATED = '/hook/?negotiated';
export const DEMO = 'demo';

/**
 * @param {import('node:test').TestContext} t @param {string} path
 * @param {object} [options]
 * @param {string} [options.origin]  where the page is, instead of here
 * @param {string} [options.url]  the server, instead of this one
 * @param {boolean} [options.outage]  the browser will complain of sockets
 * @param {(page: import('playwright-core').Page) => Promise<void>} [options.prepare]  before the page is opened
 */
export function visit(t, path, { origin = frontEnds.origin, url = server.url, outage, prepare } = {}) {
  if (path === DEMO) return Person.visit(t, browser, url, { outage, prepare });
  const page = new URL(path, origin);
  page.searchParams.set('server', url.replace('http', 'ws') + 'ws');
  // StrictMode throws the first socket away while it connects, and the browser complains.
  return Person.visit(t, browser, page.href, { outage: outage ?? path === REACT, prepare, logsErrors: true });
}

/** Waits until the partner's picture is decoded and played, whatever page shows it. */
async function seesPartner({ page }) {
  const frames = () => document.querySelector('#remote').getVideoPlaybackQuality().totalVideoFrames;
  const before = await page.evaluate(frames);
  await page.waitForFunction(
    (before) => document.querySelector('#remote').getVideoPlaybackQuality().totalVideoFrames >= before + 5,
    before,
    { polling: 100 },
  );
}

/** @param {Person[]} people */
export async function inCall(...people) {
  await Promise.all(people.map((person) => person.reaches('in-call')));
  await Promise.all(people.map(seesPartner));
}

/**
 * The first waits, then the second comes: so it is the one who calls.
 * @param {Person} first @param {Person} second @returns {Promise<string[]>} what their status lines said of it
 */
export async function meet(first, second) {
  await first.start();
  await first.reaches('waiting');
  await second.start();
  const words = await Promise.all([first, second].map((person) => person.reaches('negotiating')));
  await inCall(first, second);
  return words;
}
