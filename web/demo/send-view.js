/**
 * The page's elements, and nothing that decides. Received text only ever becomes text, never markup.
 *
 * @typedef {import('./send-words.js').State} State
 * @typedef {import('./send-outgoing.js').Transfer} Transfer
 */

import { Row } from './send-row.js';
import { clock } from './units.js';
import * as words from './send-words.js';

const NOTICE_STAYS = 5_000;

/** @type {Set<State>} */
const OVER = new Set(['ended', 'failed']);
/** @type {Set<State>} */
const CONNECTED = new Set(['live', 'done', 'mending']);

/** @template {HTMLElement} [E=HTMLElement] @param {string} id @returns {E} */
const byId = (id) => /** @type {E} */ (document.getElementById(id));

export class View {
  /** @type {HTMLInputElement} */
  code = byId('code');
  /** @type {HTMLInputElement} */
  files = byId('files');
  buttons = {
    choose: byId('choose'),
    copyCode: byId('copy-code'),
    copyLink: byId('copy-link'),
    renew: byId('renew'),
    more: byId('more'),
    end: byId('end'),
  };
  /** @type {(transfer: Transfer) => void} */
  oncancel = () => {};
  /** @type {(transfer: Transfer) => void} */
  onsave = () => {};
  /** The code that is shown. */
  shown = '';

  /** @type {Map<Transfer, Row>} */
  #rows = new Map();
  /** Where the focus was brought. @type {Element | null} */
  #brought = null;
  #noticeTimer = 0;
  #clock = 0;

  constructor() {
    byId('where').textContent = `${location.host}${location.pathname}`;
    this.code.oninput = () => this.refuseCode('');
  }

  /** @param {State} state @param {string} role @param {string} text @param {boolean} waits  files are chosen that nobody has yet */
  showState(state, role, text, waits) {
    const { renew, more, end } = this.buttons;
    const focused = document.activeElement;
    byId('status').textContent = text;
    // Also what stays the same would be news to whoever observes it.
    if (document.body.dataset.state !== state) document.body.dataset.state = state;
    byId('choices').hidden = state !== 'idle' && state !== 'redeeming';
    byId('offer').hidden = state !== 'waiting';
    byId('bar').hidden = state === 'idle';
    renew.hidden = !(state === 'failed' && waits);
    more.hidden = role !== 'sender' || OVER.has(state) || state === 'minting';
    end.textContent = OVER.has(state) || state === 'done' ? 'Start over' : 'Stop';
    if (state === 'idle') this.#forget();
    if (state !== 'waiting') clearInterval(this.#clock);
    // Who walks by keyboard must not be thrown back to the top when what they pressed disappears.
    if (focused && focused !== document.body && (focused === this.#brought || !focused.checkVisibility())) this.#bring(this.#firstOf(state));
    else this.#brought = null;
    if (CONNECTED.has(state)) this.refuseCode('');
  }

  /** @param {string} code @param {number} until  ms since 1970 */
  showCode(code, until) {
    const heard = Object.assign(document.createElement('span'), { className: 'unseen', textContent: words.spelled(code) });
    const seen = document.createElement('span');
    seen.ariaHidden = 'true';
    seen.append(...[...code].map((digit) => Object.assign(document.createElement('span'), { textContent: digit })));
    byId('digits').replaceChildren(heard, seen);
    this.shown = code;
    clearInterval(this.#clock);
    const tick = () => (byId('left').textContent = clock((until - Date.now()) / 1000));
    tick();
    this.#clock = setInterval(tick, 1000);
  }

  /** @param {string} why  empty: nothing is wrong */
  refuseCode(why) {
    byId('refusal').textContent = why;
    this.code.ariaInvalid = why ? 'true' : 'false';
    if (!why) return;
    this.code.focus();
    this.code.select();
  }

  /** @param {Transfer} transfer */
  showTransfer(transfer) {
    let row = this.#rows.get(transfer);
    if (!row) {
      row = new Row(transfer, () => this.oncancel(transfer), () => this.onsave(transfer));
      this.#rows.set(transfer, row);
      byId('transfers').append(row.element);
    }
    row.show(transfer);
  }

  /** @param {string} text  shown for a while */
  notify(text) {
    clearTimeout(this.#noticeTimer);
    byId('notice').textContent = text;
    this.#noticeTimer = setTimeout(() => (byId('notice').textContent = ''), NOTICE_STAYS);
  }

  #forget() {
    for (const row of this.#rows.values()) row.remove();
    this.#rows.clear();
    this.code.value = '';
    byId('notice').textContent = '';
  }

  /** @param {HTMLElement} button */
  #bring(button) {
    button.focus();
    this.#brought = button;
  }

  /** @param {State} state */
  #firstOf(state) {
    const { choose, copyCode, renew, end } = this.buttons;
    if (state === 'idle') return choose;
    if (state === 'waiting') return copyCode;
    return renew.hidden ? end : renew;
  }
}
