/**
 * Questions and their answers, which belong together by `ref`.
 *
 * @typedef {import('./events.js').Frame} Frame
 * @typedef {{ frame: Frame, number: number, resolve: (answer: any) => void, reject: (reason: unknown) => void }} Ask
 */

import { MeetpointError, abortable } from './events.js';

/** What goes to a partner or peer who may have gone by then: their going is told anyway. */
export const WHOEVER = '-';

export class Asks {
  #say;
  /** @type {Map<string, Ask>} */
  #open = new Map();
  /** Answers to what a page asked before it was reloaded must not be taken for ours. */
  #prefix = Math.random();
  #count = 0;

  /** @param {(frame: Frame) => number} say  returns the frame's number */
  constructor(say) {
    this.#say = say;
  }

  /** @param {Frame} frame @param {AbortSignal} [signal] @returns {Promise<any>} the answer's fields */
  ask(frame, signal) {
    const ref = `${this.#prefix}-${++this.#count}`;
    const start = (/** @type {Ask['resolve']} */ resolve, /** @type {Ask['reject']} */ reject) => {
      const asked = { ...frame, ref };
      this.#open.set(ref, { frame: asked, number: this.#say(asked), resolve, reject });
    };
    return abortable(signal, start, () => this.#open.delete(ref));
  }

  /** @param {Frame} frame @returns {boolean} whether it was an answer, or an error that nobody needs */
  hear({ ref, type, code, message, ...answer }) {
    const ask = this.#open.get(ref);
    this.#open.delete(ref);
    if (type !== 'error') ask?.resolve(answer);
    else if (ask) ask.reject(new MeetpointError(code, message));
    else return ref === WHOEVER ? code !== 'RATE_LIMIT' : !!ref;
    return !!ask;
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
    for (const ask of this.#open.values()) ask.number = this.#say(ask.frame);
  }

  /** @param {unknown} reason */
  close(reason) {
    for (const { reject } of this.#open.values()) reject(reason);
    this.#open.clear();
  }
}
