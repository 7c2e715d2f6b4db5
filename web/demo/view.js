/**
 * The page's elements, and nothing that decides. Received text only ever becomes text, never markup.
 *
 * @typedef {import('./words.js').State} State
 */

import { Sound } from './sound.js';

const NOTICE_STAYS = 6_000;

/** States in which time passes for a person. @type {Set<State>} */
const CLOCKED = new Set(['waiting', 'negotiating', 'in-call', 'partner-away', 'partner-left', 'reconnecting']);
/** @type {Set<State>} */
const OVER = new Set(['idle', 'stopped']);

/** @template {HTMLElement} [E=HTMLElement] @param {string} id @returns {E} */
const byId = (id) => /** @type {E} */ (document.getElementById(id));

export class View {
  buttons = {
    start: byId('start'),
    next: byId('next'),
    stop: byId('stop'),
    microphone: byId('microphone'),
    camera: byId('camera'),
  };

  /** @type {HTMLVideoElement} */
  #remote = byId('remote');
  /** @type {HTMLVideoElement} */
  #local = byId('local');
  #status = byId('status');
  #elapsed = byId('elapsed');
  #notice = byId('notice');
  #noticeTimer = 0;
  #clock = 0;
  #sound = new Sound(byId('unmute'));

  constructor() {
    // From the first frame on, not before: a connection without a picture yet would be a black flash.
    this.#remote.onloadeddata = () => this.#remote.classList.add('live');
  }

  /** @param {State} state @param {string} text @param {number} since */
  showState(state, text, since) {
    const over = OVER.has(state);
    const { start, stop } = this.buttons;
    const focused = document.activeElement;
    document.body.dataset.state = state;
    this.#status.textContent = text;
    this.#runClock(CLOCKED.has(state) ? since : 0);

    start.hidden = !over;
    byId('in-session').hidden = over;
    if (over && focused?.closest('#in-session')) start.focus();
    if (!over && focused === start) stop.focus();
  }

  /** @param {import('./media.js').LocalMedia | null} media */
  showLocal(media) {
    this.#local.srcObject = media?.stream ?? null;
    this.#local.hidden = !media;
    // People know themselves from the mirror; a drawn picture has text in it.
    this.#local.classList.toggle('mirrored', media?.camera ?? false);
    byId('hint').textContent = media?.hint ?? '';
    for (const button of [this.buttons.microphone, this.buttons.camera]) button.ariaPressed = 'true';
  }

  /** @param {MediaStream | null} stream */
  showRemote(stream) {
    if (stream === this.#remote.srcObject) return;
    this.#remote.classList.remove('live');
    this.#sound.play(this.#remote, stream);
    // Not `disabled`: that would drop the focus of somebody who walks on by keyboard.
    this.buttons.next.ariaDisabled = String(!stream);
  }

  /** @param {string} text  shown for a while; nothing when empty */
  notify(text) {
    if (!text) return;
    clearTimeout(this.#noticeTimer);
    this.#notice.textContent = text;
    this.#noticeTimer = setTimeout(() => (this.#notice.textContent = ''), NOTICE_STAYS);
  }

  /** @param {number} since  0 stops it */
  #runClock(since) {
    clearInterval(this.#clock);
    const tick = () => (this.#elapsed.textContent = since ? duration(Date.now() - since) : '');
    tick();
    if (since) this.#clock = setInterval(tick, 1000);
  }
}

/** @param {number} ms */
function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
