/**
 * Who is whose partner, when what both sides say crosses on the way.
 *
 * The server queues an abandoned side again by itself, so a match may come that nobody here asked for, and what this side
 * said to one partner may arrive when there is another one. Frames keep their order in each direction; that is enough to know.
 *
 * @typedef {import('./events.js').Frame} Frame
 * @typedef {import('./match.js').Partner} Partner
 * @typedef {{ resolve: (match: Match) => void, reject: (reason: unknown) => void }} Seeker
 * @typedef {import('./meetpoint.js').Wire} Wire
 * @typedef {object} Standing
 * @property {boolean} claimed  somebody asked for the match
 * @property {boolean} stoodInQueue  before a reload: the page will ask again
 * @property {Crossing} crossing
 * @property {number} fence  the ping behind our last `leave`: until it is answered, the server has not read that
 * @typedef {Standing & { match: Partner | null }} SavedPairing
 *
 * @typedef {'' | 'said' | 'crossed' | 'doomed'} Crossing
 *   Our `next` is on its way; the partner left before it arrived; and the match that came then will be ended by it.
 */

import { MeetpointError, abortable } from './events.js';
import { Match } from './match.js';

/** @returns {Standing} */
const idle = () => ({ claimed: false, stoodInQueue: false, crossing: '', fence: 0 });

export class Pairing {
  /** @type {Match | null} */
  match = null;

  /** @type {Set<Seeker>} */
  #seekers = new Set();
  #at = idle();

  /** @param {Wire} wire */
  constructor(wire) {
    this.wire = wire;
  }

  get waiting() {
    return this.#seekers.size > 0 || this.#at.stoodInQueue;
  }

  /** The match that the page holds. */
  get current() {
    return this.#at.claimed ? this.match : null;
  }

  /** @param {{ signal?: AbortSignal }} [options] @returns {Promise<Match>} */
  seek({ signal } = {}) {
    const seeker = /** @type {Seeker} */ ({});
    const start = (/** @type {Seeker['resolve']} */ resolve, /** @type {Seeker['reject']} */ reject) => {
      if (this.current) throw new MeetpointError('ALREADY_PAIRED');
      if (!this.match && !this.#seekers.size) this.wire.say({ type: 'available' });
      this.#at.stoodInQueue = false;
      this.#seekers.add(Object.assign(seeker, { resolve, reject }));
      if (this.match) this.#claim();
    };
    return abortable(signal, start, () => {
      if (this.#seekers.delete(seeker) && !this.#seekers.size) this.#leave();
    });
  }

  /** @param {Frame} frame */
  hear(frame) {
    switch (frame.type) {
      case 'matched':
        return this.#matched(frame);
      case 'partner-left':
        if (this.#at.crossing) this.#at.crossing = 'crossed';
        else if (!this.#at.fence) this.#part(frame.reason ?? 'left');
        return;
      case 'partner-away':
      case 'partner-back':
      case 'message':
      case 'offer':
      case 'answer':
      case 'ice':
        this.match?.hear(frame);
    }
  }

  /** @param {string} code  of an error @returns {boolean} whether it is explained by frames that crossed */
  excuses(code) {
    if (code === 'NOT_PAIRED') {
      if (this.#at.crossing) this.#at.crossing = '';
      // The server speaks in order: if it knows of no partner after it named one, this side missed the parting.
      else if (this.match) this.#part('left');
    }
    return /_PAIRED$/.test(code);
  }

  /** The server has read all up to this number. @param {number} read */
  read(read) {
    if (read >= this.#at.fence) this.#at.fence = 0;
  }

  /** Another session has begun. */
  lost() {
    const match = this.#forget();
    this.#at = idle();
    if (this.#seekers.size) this.wire.say({ type: 'available' }, true);
    match?.end('lost');
  }

  /** @param {unknown} reason */
  close(reason) {
    for (const { reject } of this.#seekers) reject(reason);
    this.#seekers.clear();
    this.#forget()?.end('closed');
  }

  /** @returns {SavedPairing} */
  toJSON() {
    return { ...this.#at, match: this.match, stoodInQueue: this.waiting };
  }

  /** @param {SavedPairing} saved */
  restore({ match, ...at }) {
    this.match = match && new Match(match, true, this);
    this.#at = at;
  }

  /** @param {Match} match  to be ended for another one, if it still is one */
  next(match) {
    match.end();
    if (match !== this.match) return;
    this.#forget();
    this.#at.crossing = 'said';
    this.wire.say({ type: 'next' }, true);
  }

  /** @param {Match} match */
  leave(match) {
    match.end();
    if (match === this.match) this.#leave();
  }

  /** @param {Frame} frame */
  #matched(frame) {
    // The server had not read our `leave` yet: it has ended this match since.
    if (this.#at.fence) return;
    if (this.#at.crossing === 'crossed') {
      this.#at.crossing = 'doomed';
      return;
    }
    this.#at.crossing = '';
    const before = this.#forget();
    this.match = new Match(/** @type {any} */ (frame), false, this);
    this.#claim();
    before?.end('left');
  }

  #claim() {
    const { match } = this;
    this.#at.claimed = this.#seekers.size > 0;
    if (!match || !this.#at.claimed) return this.#settle();
    for (const { resolve } of this.#seekers) resolve(match);
    this.#seekers.clear();
  }

  /** @param {import('./match.js').PartingReason} reason */
  #part(reason) {
    const match = this.#forget();
    match?.end(reason);
    this.#settle();
  }

  /** Whoever does not ask for a partner in time is taken out of the queue, where the server has put this side again. */
  #settle() {
    setTimeout(() => !this.current && !this.waiting && !this.#at.fence && this.#leave(), 0);
  }

  #leave() {
    this.#forget();
    this.#at.crossing = '';
    this.wire.say({ type: 'leave' }, true);
    this.#at.fence = this.wire.ping();
  }

  #forget() {
    const { match } = this;
    this.match = null;
    this.#at.claimed = false;
    return match;
  }
}
