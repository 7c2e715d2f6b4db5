/**
 * React's way to the client: one hook for a page that pairs strangers.
 *
 * The client lives from mount to unmount, in the browser alone: rendering on a server makes none, and StrictMode's rehearsal
 * of an unmount hangs up before anything is dialled.
 *
 * @typedef {import('./client.js').Meetpoint} MeetpointClient
 * @typedef {import('./client.js').Match} Match
 * @typedef {import('./client.js').State} State
 * @typedef {import('./client/events.js').Refusal} Refusal
 *
 * @typedef {object} Handlers
 * @property {boolean} [enabled]  false: not connected
 * @property {boolean} [requeue]  false: whom the partner left does not look for another by itself
 * @property {(sdp: any, match: Match) => void} [onOffer]
 * @property {(sdp: any, match: Match) => void} [onAnswer]
 * @property {(candidate: any, match: Match) => void} [onIceCandidate]
 * @property {(match: Match) => void} [onMatched]
 * @property {(reason: string, match: Match) => void} [onPartnerLeft]
 * @property {(error: Refusal) => void} [onError]
 *
 * @typedef {object} Meeting
 * @property {MeetpointClient | null} client
 * @property {State} state
 * @property {boolean} isConnected
 * @property {string | null} clientId
 * @property {Match | null} match
 * @property {string | null} partnerId
 * @property {unknown} partnerUserId
 * @property {boolean} initiator  this side makes the offer
 * @property {boolean} partnerAway  cut off, but may come back
 * @property {boolean} isWaiting
 */

import { useEffect, useState } from 'react';
import { Meetpoint } from './client.js';

/** @param {Meetpoint} [client] @returns {Meeting} */
const look = (client) => {
  const { state = 'connecting', clientId, currentMatch: match = null, waiting: isWaiting = false } = client ?? {};
  return {
    client: client ?? null,
    state,
    isConnected: state === 'connected',
    clientId: clientId || null,
    match,
    partnerId: match?.partnerId ?? null,
    partnerUserId: match?.partnerUserId,
    initiator: !!match?.initiator,
    partnerAway: !!match?.away,
    isWaiting,
  };
};

/**
 * @param {string | URL | (string | URL)[]} url  another one is another client; other options take effect with it, handlers at once
 * @param {import('./client.js').MeetpointOptions & Handlers} [options]
 */
export function useMeetpoint(url, options = {}) {
  const [meeting, show] = useState(() => look());
  const [meeter] = useState(() => new Meeter(show));
  useEffect(() => meeter.listen(options));
  const { enabled = true } = options;
  const address = [url].flat().join(' ');
  useEffect(() => (enabled ? meeter.open(address.split(' ')) : undefined), [meeter, address, enabled]);
  return { ...meeting, ...meeter };
}

/** The clients and partners of one component, one after the other. */
class Meeter {
  /** @type {Meetpoint | undefined} */
  #client;
  /** @type {import('./client.js').MeetpointOptions & Handlers} */
  #options = {};
  /** @type {AbortController | null} */
  #search = null;
  #show;

  /** @param {(meeting: Meeting) => void} show */
  constructor(show) {
    this.#show = () => show(look(this.#client));
  }

  /** Queues this side for a partner, if it has none. */
  signalAvailable = () => void (this.#client?.currentMatch ?? this.#seek());

  /** Leaves the partner, if there is one, for the next. */
  nextPartner = () => void this.#seek();

  /** Leaves the partner, or the queue. */
  leave = () => {
    this.#search?.abort();
    this.#search = null;
    this.#client?.currentMatch?.leave();
    this.#show();
  };

  /** @param {any} sdp */
  sendOffer = (sdp) => this.#signal({ type: 'offer', sdp });

  /** @param {any} sdp */
  sendAnswer = (sdp) => this.#signal({ type: 'answer', sdp });

  /** @param {any} candidate */
  sendIceCandidate = (candidate) => this.#signal({ type: 'ice', candidate });

  /** @param {import('./client.js').MeetpointOptions & Handlers} options */
  listen(options) {
    this.#options = options;
  }

  /** @param {string[]} urls @returns {() => void} closes it */
  open(urls) {
    const client = (this.#client = new Meetpoint(urls, this.#options));
    client.addEventListener('statechange', this.#show);
    client.addEventListener('error', (error) => this.#options.onError?.(error));
    client.restored.then((restored) => {
      if (restored?.match) this.#meet(restored.match);
      else if (restored?.waiting) this.#seek();
    });
    this.#show();
    return () => {
      this.#search?.abort();
      this.#search = null;
      this.#client = undefined;
      client.close();
    };
  }

  async #seek() {
    if (!this.#client || this.#search) return;
    const search = (this.#search = new AbortController());
    try {
      const match = this.#client.currentMatch?.next(search) ?? this.#client.match(search);
      this.#show();
      this.#meet(await match);
    } catch (error) {
      if (!search.signal.aborted) this.#options.onError?.(/** @type {any} */ (error));
    }
    if (this.#search === search) this.#search = null;
    this.#show();
  }

  /** @param {import('./client.js').Signal} frame */
  #signal(frame) {
    this.#client?.currentMatch?.signal(frame);
  }

  /** @param {Match} match */
  #meet(match) {
    this.#search = null;
    match.addEventListener('away', this.#show);
    match.addEventListener('back', this.#show);
    match.addEventListener('left', ({ reason }) => {
      this.#options.onPartnerLeft?.(reason, match);
      if (reason !== 'closed' && (this.#options.requeue ?? true)) this.#seek();
      this.#show();
    });
    const { onOffer, onAnswer, onIceCandidate, onMatched } = this.#options;
    // Without these it is `negotiate` that listens, and what came first is kept for that.
    if (onOffer || onAnswer || onIceCandidate) {
      match.addEventListener('signal', ({ frame }) => {
        if (frame.type === 'ice') this.#options.onIceCandidate?.(frame.candidate, match);
        else this.#options[frame.type === 'offer' ? 'onOffer' : 'onAnswer']?.(frame.sdp, match);
      });
    }
    onMatched?.(match);
    this.#show();
  }
}
