/** People in rooms, and stand-ins that only take seats there. */

import { Person } from './browser.mjs';

/** Opens the rooms page by the link to a room. */
export function atDoor(t, browser, url, topic, options) {
  return Person.visit(t, browser, `${url}rooms#${encodeURIComponent(topic)}`, options);
}

export async function enters(person, name) {
  await person.page.fill('#name', name);
  await person.page.click('#enter');
}

/** Somebody who is in the room. @returns {Promise<Person>} */
export async function inside(t, browser, url, topic, name, options) {
  const person = await atDoor(t, browser, url, topic, options);
  await enters(person, name);
  await person.reaches('live');
  return person;
}

/** Waits until the pictures of exactly these others move. @param {Person} person @param {string[]} names */
export async function sees({ page }, ...names) {
  const wanted = names.toSorted().join();
  await page.waitForFunction(
    (wanted) => {
      const tiles = [...document.querySelectorAll('.tile')].slice(1);
      const frames = tiles.map((tile) => tile.querySelector('video').getVideoPlaybackQuality().totalVideoFrames);
      const here = tiles.map((tile) => tile.querySelector('.name').textContent);
      const quiet = tiles.every((tile) => tile.matches('.seen') && tile.querySelector('.link').textContent === '');
      if (here.toSorted().join() !== wanted || !quiet) return (window.framesBefore = undefined);
      // A tile may have got another picture meanwhile, which counts from nothing.
      if (window.framesBefore?.some((before, index) => frames[index] < before)) window.framesBefore = undefined;
      window.framesBefore ??= frames;
      return frames.every((count, index) => count >= window.framesBefore[index] + 5);
    },
    wanted,
    { polling: 100 },
  );
  await page.evaluate(() => (window.framesBefore = undefined));
}

/** Waits for words on the page, be they shown ever so shortly from now on. @param {Person} person @param {string} selector @param {RegExp} words */
export const reads = ({ page }, selector, words) =>
  page.waitForFunction(([selector, source]) => new RegExp(source).test(document.querySelector(selector)?.textContent), [selector, words.source], {
    polling: 50,
  });

/** Waits until what is written reaches exactly those who are there. */
export const canWrite = (person) => reads(person, '#unreached', /^$/);

export async function writes({ page }, text) {
  await page.fill('#text', text);
  await page.press('#text', 'Enter');
}

/**
 * Members without a page, of the same Origin.
 * @param {import('playwright-core').Browser} browser @param {string} url @param {string} topic @param {number} count
 */
export async function standIns(t, browser, url, topic, count) {
  const page = await (await browser.newContext()).newPage();
  t.after(() => page.context().close());
  await page.goto(`${url}health`);
  await page.evaluate(
    async ([topic, count]) => {
      for (let index = 0; index < count; index += 1) {
        const socket = new WebSocket(`ws://${location.host}/ws`);
        const info = { name: `Stand-in ${index + 1}` };
        await new Promise((resolve) => {
          socket.onmessage = ({ data }) => {
            const { type } = JSON.parse(data);
            if (type === 'ready') socket.send(JSON.stringify({ type: 'join', topic, info }));
            if (type === 'joined') resolve();
          };
        });
      }
    },
    [topic, count],
  );
}
