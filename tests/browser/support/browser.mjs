/** Chromium with fake devices, and people who use the page in it. */

import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import { judgeFrames } from './schema.mjs';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
export const FAKE_CAMERA = '--use-fake-device-for-media-stream';
export const ALWAYS_ALLOW = '--use-fake-ui-for-media-stream';

/** Generous: the machine may be small and busy, and nothing here waits longer than it must. */
const TIMEOUT = 30_000;

/** @param {string[]} [media]  which devices there are, and what is answered when the page asks for them */
export function launch(media = [FAKE_CAMERA, ALWAYS_ALLOW]) {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, args: [...FLAGS, ...media] });
}

/** What pages that log every error say when a candidate crosses with its partner's going, as the protocol allows. */
const CROSSED = /^NOT_PAIRED /;

/** One person with a browser profile of their own. Every state of the page is kept, so that none is too short to be seen. */
export class Person {
  /** What the browser's console held against the page. */
  faults = [];
  #seen = 0;

  /**
   * @param {import('node:test').TestContext} t  at whose end the person leaves
   * @param {import('playwright-core').Browser} browser
   * @param {string} url
   * @param {object} [options]
   * @param {import('playwright-core').BrowserContextOptions} [options.context]
   * @param {(page: import('playwright-core').Page) => Promise<void>} [options.prepare]  before the page is opened
   * @param {boolean} [options.outage]  the browser will complain that the server cannot be reached
   * @param {boolean} [options.logsErrors]  the page logs every error that it hears
   */
  static async visit(t, browser, url, { context, prepare, outage = false, logsErrors = false } = {}) {
    const page = await (await browser.newContext(context)).newPage();
    page.setDefaultTimeout(TIMEOUT);
    const person = new Person(page, outage, logsErrors);
    companyOf(t).push(person);
    await page.addInitScript(recordStates);
    await prepare?.(page);
    await page.goto(url);
    return person;
  }

  /** @param {import('playwright-core').Page} page @param {boolean} outage @param {boolean} logsErrors */
  constructor(page, outage, logsErrors) {
    this.page = page;
    judgeFrames(page, (complaint) => this.faults.push(complaint));
    page.on('pageerror', (error) => this.faults.push(error.message));
    // Violations of the content security policy are reported here too.
    page.on('console', (message) => {
      const expected = (logsErrors && CROSSED.test(message.text())) || (outage && /^WebSocket connection|ERR_CONNECTION_REFUSED/.test(message.text()));
      if (['error', 'warning'].includes(message.type()) && !expected) this.faults.push(`${message.text()} (${message.location().url})`);
    });
  }

  start() {
    return this.page.click('#start');
  }

  /** Loads the page anew; the states before that are forgotten. */
  reload() {
    return this.anew(() => this.page.reload());
  }

  /** @param {() => Promise<unknown>} load  what leads to a new document */
  async anew(load) {
    this.#seen = 0;
    await Promise.all([this.page.waitForEvent('load'), load()]);
  }

  /** Closes the whole browser profile, without a Stop. */
  leave() {
    return this.page.context().close();
  }

  /**
   * Waits for a state after the one awaited last; one that was passed through meanwhile counts.
   * @param {string} state @returns {Promise<string>} what the status line said then
   */
  async reaches(state) {
    const handle = await this.page.waitForFunction(
      ([state, from]) => {
        const at = window.passed.findIndex((entry, index) => index >= from && entry.state === state);
        return at >= 0 && { next: at + 1, text: window.passed[at].text };
      },
      [state, this.#seen],
      { polling: 50 },
    );
    const { next, text } = await handle.jsonValue();
    this.#seen = next;
    return text;
  }

  /** The state at this moment. */
  state() {
    return this.page.evaluate(() => document.body.dataset.state);
  }

  initiator() {
    return this.page.evaluate(() => window.meetpoint.call.initiator);
  }

  /** Waits until the partner's picture is decoded and played, and their sound arrives. */
  async receivesMedia() {
    const before = await this.page.evaluate(received);
    await this.page.waitForFunction(
      `(${received})().then(({ frames, packets, played }) =>
        frames >= ${before.frames} + 5 && packets >= ${before.packets} + 10 && played > ${before.played})`,
      undefined,
      { polling: 100 },
    );
    assert.equal(await this.page.evaluate(() => window.meetpoint.call.peerConnection.connectionState), 'connected');
  }
}

const companies = new WeakMap();

/** Those who visit during one test. At its end all leave, before anything is held against one: who stayed would be matched in the next test. */
export function companyOf(t) {
  if (!companies.has(t)) {
    const people = [];
    companies.set(t, people);
    t.after(async () => {
      for (const person of people) await person.leave();
      assert.deepEqual(people.flatMap(({ faults }) => faults), [], 'a page complained');
    });
  }
  return companies.get(t);
}

function recordStates() {
  window.passed = [];
  const record = () => {
    const { state } = document.body.dataset;
    window.passed.push({ state, text: document.querySelector('#status').textContent });
  };
  new MutationObserver(record).observe(document, { subtree: true, attributeFilter: ['data-state'] });
}

async function received() {
  const total = { frames: 0, packets: 0, played: document.querySelector('#remote').currentTime };
  for (const report of (await window.meetpoint.call.peerConnection.getStats()).values()) {
    if (report.type !== 'inbound-rtp') continue;
    if (report.kind === 'video') total.frames += report.framesDecoded ?? 0;
    else total.packets += report.packetsReceived;
  }
  return total;
}
