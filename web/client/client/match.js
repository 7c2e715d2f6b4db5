/**
 * A partner: from `matched` until one of the two goes. `Pairing` makes it and ends it.
 *
 * @typedef {import('./events.js').Frame} Frame
 * @typedef {import('./pairing.js').Pairing} Pairing
 * @typedef {import('./events.js').Signal} Signal
 * @typedef {'next' | 'left' | 'disconnected' | 'timeout' | 'lost' | 'closed'} PartingReason
 *   `lost`: our session could not be resumed; `closed`: the client is over
 * @typedef {object} Partner
 * @property {string} partnerId
 * @property {unknown} [partnerUserId]
 * @property {boolean} initiator
 * @property {string} roomId
 */

import { Channel, emit } from './events.js';

/**
 * @extends {Channel<{
 *   signal: { frame: Signal },
 *   message: { data: any },
 *   left: { reason: PartingReason },
 *   away: { until: number },
 *   back: { until: 0 },
 * }>}
 */
export class Match extends Channel {
  /** The partner's client id. */
  partnerId;
  /** What the partner named itself by `auth`. */
  partnerUserId;
  /** Whether this side makes the offer. */
  initiator;
  roomId;

  #pairing;

  /** @param {Partner} partner @param {boolean} restored @param {Pairing} pairing @internal */
  constructor({ partnerId, partnerUserId, initiator, roomId }, restored, pairing) {
    super(restored, (frame) => pairing.wire.tell(frame, partnerId));
    this.partnerId = partnerId;
    this.partnerUserId = partnerUserId;
    this.initiator = initiator;
    this.roomId = roomId;
    this.#pairing = pairing;
  }

  /** Any JSON, which the partner gets as `message`. For servers with rooms only. @param {unknown} data */
  send(data) {
    this.signal(/** @type {any} */ ({ type: 'send', data }));
  }

  /** Ends this match and waits for another one. @param {{ signal?: AbortSignal }} [options] @returns {Promise<Match>} */
  next(options) {
    this.#pairing.next(this);
    return this.#pairing.seek(options);
  }

  /** Ends this match. */
  leave() {
    this.#pairing.leave(this);
  }

  /** What the partner says, and what the server says of it. @param {Frame} frame @internal @override */
  hear(frame) {
    const { type, data, from, until = 0 } = frame;
    if (type === 'message') emit(this, type, { data });
    else if (from) super.hear(frame);
    else {
      this.away = until;
      emit(this, until ? 'away' : 'back', { until });
    }
  }
}
