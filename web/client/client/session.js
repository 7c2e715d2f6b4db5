/**
 * The books of a session: what was said and heard on it, and which questions are open.
 *
 * @typedef {import('./events.js').Frame} Frame
 * @typedef {{ frame: Frame, number: number, resolve: (answer: any) => void, reject: (reason: unknown) => void }} Ask
 */

import { MeetpointError, abortable } from './events.js';

/** Of all that is kept, in UTF-16 units. */
const MAX_CHARS = 1 << 20;

/**
 * Who this client is, and both directions, counted as the server counts them. What this side said is
 * kept until a pong to a later ping, or the server's own count after a cut, proves that it was read.
 * As plain fields, so that it can be saved.
 */
export class Log {
  clientId = '';
  /** @type {readonly string[]} */
  features = [];
  /** To come back with; '' when the server does not offer that. */
  token = '';
  /** In milliseconds. */
  pingInterval = 0;
  /** Frames said on this session. */
  sent = 0;
  /** Frames heard on this session. */
  received = 0;
  /** The last ones said. @type {string[]} */
  kept = [];
  /** Of those. */
  chars = 0;
  /** Numbers of the pings that wait for their pong. @type {number[]} */
  pings = [];

  #max;

  /** @param {number} max  frames to keep @param {Partial<Log>} [saved] */
  constructor(max, saved) {
    this.#max = max;
    Object.assign(this, saved);
  }

  /** @param {number} buffered  what waits in the socket */
  full(buffered) {
    return this.kept.length >= this.#max || this.chars + buffered >= MAX_CHARS;
  }

  /** Whether it is time to ask what has been read. */
  get crowded() {
    return Math.min(this.kept.length, this.sent - (this.pings.at(-1) ?? 0)) >= this.#max / 4;
  }

  /** @param {string} text @param {boolean} keep @returns {number} its number */
  say(text, keep) {
    if (keep) {
      this.kept.push(text);
      this.chars += text.length;
    }
    return ++this.sent;
  }

  /** What is said next is a ping. @returns {number} its number */
  pinged() {
    this.pings.push(this.sent + 1);
    return this.sent + 1;
  }

  /** A pong answers the oldest ping. @returns {number} up to where all was read */
  pong() {
    const read = this.pings.shift() ?? 0;
    this.forget(read);
    return read;
  }

  /** All up to this number was read. @param {number} read */
  forget(read) {
    const known = this.kept.length - this.sent + read;
    for (const text of this.kept.splice(0, Math.max(0, known))) this.chars -= text.length;
  }
}

/** What goes to a partner or peer who may have gone by then: their going is told anyway. */
export const WHOEVER = '-';

/** Questions and their answers, which belong together by `ref`. */
export class Asks {
  #say;
  /** @type {Map<string, Ask>} */
  #open = new Map();
  /** Beyond that of a page that was reloaded: answers to what it asked must not be taken for ours. */
  #count = Date.now();

  /** @param {(frame: Frame, insist?: boolean) => number} say  returns the frame's number */
  constructor(say) {
    this.#say = say;
  }

  /** @param {Frame} frame @param {AbortSignal} [signal] @returns {Promise<any>} the answer's fields */
  ask(frame, signal) {
    const ref = (frame.ref = String(++this.#count));
    const start = (/** @type {Ask['resolve']} */ resolve, /** @type {Ask['reject']} */ reject) => {
      this.#open.set(ref, { frame, number: this.#say(frame), resolve, reject });
    };
    return abortable(signal, start, () => this.#open.delete(ref));
  }

  /** @param {Frame} frame @returns {boolean} whether it was an answer, or an error that nobody needs */
  hear({ ref, type, code, message, ...answer }) {
    const ask = this.#open.get(ref);
    if (!ask) return ref === WHOEVER ? code !== 'RATE_LIMIT' : !!ref;
    this.#open.delete(ref);
    if (type === 'error') ask.reject(new MeetpointError(code, message));
    else ask.resolve(answer);
    return true;
  }

  /** The server has read all up to this number: what it did not answer, it dropped. @param {number} read */
  read(read) {
    for (const [ref, { number, reject }] of this.#open) {
      if (number >= read) continue;
      this.#open.delete(ref);
      reject(new MeetpointError('UNANSWERED'));
    }
  }

  /** Asks everything anew: on another session. */
  again() {
    for (const ask of this.#open.values()) ask.number = this.#say(ask.frame, true);
  }

  /** @param {unknown} reason */
  close(reason) {
    for (const { reject } of this.#open.values()) reject(reason);
  }
}
