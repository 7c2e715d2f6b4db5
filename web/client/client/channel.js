/**
 * Somebody at the other end: a partner, or a peer of a room.
 *
 * @typedef {import('./events.js').Frame} Frame
 * @typedef {{ type: 'offer' | 'answer', sdp: any } | { type: 'ice', candidate: any }} Signal
 */

import { Target, emit } from './events.js';

/**
 * @template {{ signal: { frame: Signal }, left: { reason: string } }} Events
 * @extends {Target<Events>}
 */
export class Channel extends Target {
  /** Taken over from before a reload of this page: the connection has to be made anew, by this side. */
  restored;
  ended = false;
  /** Until when the other one, cut off, may come back, in ms since 1970; 0 when it is here. */
  away = 0;

  #say;

  /** @param {boolean} restored @param {(frame: Frame) => void} say @internal */
  constructor(restored, say) {
    super();
    this.restored = restored;
    this.#say = say;
  }

  /** To the other one; to nobody when this has ended. @param {Signal} frame */
  signal(frame) {
    this.tell(frame);
  }

  /** @param {Frame} frame @internal */
  tell(frame) {
    if (!this.ended) this.#say(frame);
  }

  /** @param {Events['left']['reason']} [reason]  none when this side ended it @internal */
  end(reason) {
    if (this.ended) return;
    this.ended = true;
    this.away = 0;
    if (reason) emit(this, 'left', { reason });
  }

  /** @param {Frame} frame  relayed from the other one @internal */
  hear({ type, sdp, candidate }) {
    emit(this, 'signal', { frame: type === 'ice' ? { type, candidate } : { type, sdp } });
  }
}
