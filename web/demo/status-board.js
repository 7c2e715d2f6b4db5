/**
 * Asks the server every second how it is, while somebody looks, and remembers what it said.
 *
 * @typedef {import('./status-words.js').State} State
 * @typedef {{ version: string, instance: string, started: number }} About  `started` in ms since 1970
 * @typedef {object} View
 * @property {(state: State, text: string) => void} showState
 * @property {(about: About) => void} showAbout
 * @property {(metrics: Metrics, now: number) => void} showFigures
 * @property {(now: number) => void} showGap  nothing could be asked
 * @property {(shown: boolean, tried: boolean) => void} showDoor  `tried`: with a token that was wrong
 */

import { Metrics } from './status-metrics.js';
import * as words from './status-words.js';

const PACE = 1_000;
const PATIENCE = 4_000;
const TOKEN = 'meetpoint-admin-token';

export class Board {
  /** @type {State} */
  state = 'asking';

  #route;
  #view;
  #instance = '';
  // For as long as the tab lives, so that a reload does not ask again.
  #token = sessionStorage.getItem(TOKEN) ?? '';
  #locked = false;
  #missed = false;
  #timer = 0;
  /** @type {AbortController | null} */
  #round = null;

  /** @param {string} route  of the metrics @param {View} view */
  constructor(route, view) {
    this.#route = route;
    this.#view = view;
    this.#enter('asking');
  }

  /** Goes on from here on. */
  run() {
    if (this.#round) return;
    this.#round = new AbortController();
    this.#ask(this.#round.signal);
  }

  pause() {
    this.#round?.abort();
    this.#round = null;
    clearTimeout(this.#timer);
    this.#gap();
    this.#enter('paused');
  }

  /** Asks for the figures with this token from now on. @param {string} token */
  unlock(token) {
    this.#token = token;
    this.#locked = false;
    if (!this.#round) return;
    this.#round.abort();
    this.#round = null;
    clearTimeout(this.#timer);
    this.run();
  }

  /** @param {AbortSignal} round */
  async #ask(round) {
    const begun = performance.now();
    try {
      const signal = AbortSignal.any([round, AbortSignal.timeout(PATIENCE)]);
      const get = (/** @type {string} */ path, /** @type {HeadersInit} */ headers = {}) =>
        fetch(path, { signal, cache: 'no-store', credentials: 'same-origin', headers });
      const opener = this.#token ? { Authorization: `Bearer ${this.#token}` } : undefined;
      // Each wrong token counts, and none is a noise in the console: who has to be let in first does not ask.
      const [ready, figures] = await Promise.all([get('/readyz'), this.#locked ? undefined : get(this.#route, opener)]);
      await this.#heard(ready, figures, get);
    } catch {
      if (!round.aborted) this.#lost();
    }
    if (!round.aborted) this.#timer = setTimeout(() => this.#ask(round), Math.max(0, begun + PACE - performance.now()));
  }

  /** @param {Response} ready @param {Response | undefined} figures @param {(path: string) => Promise<Response>} get */
  async #heard(ready, figures, get) {
    // What stands between page and server may answer in its place.
    if (ready.status >= 500 && ready.status !== 503) throw new Error('no answer of the server');
    const { reason = '' } = ready.ok ? {} : await ready.json();
    const text = figures?.ok ? await figures.text() : '';
    this.#admitted(figures);
    const restarted = this.state === 'asking' || this.#missed ? await this.#introduced(get, text) : false;
    if (text) this.#view.showFigures(new Metrics(text), performance.now());
    else this.#gap();

    if (reason === 'shutting down') this.#enter('draining');
    else if (reason) this.#enter('troubled', words.unready(reason));
    else if (this.#locked) this.#enter('locked');
    else if (figures && !figures.ok) this.#enter('closed', words.closed(figures.status));
    else if (this.state === 'gone') this.#enter('live', restarted ? words.RESTARTED : words.BACK);
    else if (this.state !== 'live') this.#enter('live');
    this.#missed = false;
  }

  /** @param {Response | undefined} figures */
  #admitted(figures) {
    if (figures?.status === 401) {
      this.#view.showDoor(true, this.#token !== '');
      this.#locked = true;
      this.#token = '';
      sessionStorage.removeItem(TOKEN);
    } else if (figures?.ok) {
      this.#view.showDoor(false, false);
      if (this.#token) sessionStorage.setItem(TOKEN, this.#token);
    }
  }

  /** Who it is: it may be another one than before. @param {(path: string) => Promise<Response>} get @param {string} text */
  async #introduced(get, text) {
    const { uptime, instanceId } = await (await get('/healthz')).json();
    const version = new Metrics(text).label('meetpoint_build_info', 'version') ?? (await (await get('/health')).json()).version;
    const started = Date.now() - uptime * 1000;
    this.#view.showAbout({ version, instance: instanceId, started });
    const restarted = this.#instance !== '' && this.#instance !== instanceId;
    this.#instance = instanceId;
    return restarted;
  }

  #lost() {
    this.#gap();
    this.#missed = true;
    this.#enter('gone');
  }

  #gap() {
    this.#view.showGap(performance.now());
  }

  /** @param {State} state @param {string} [text] */
  #enter(state, text = words.STATUS[state]) {
    this.state = state;
    this.#view.showState(state, text);
  }
}
