/**
 * Codes that lead two people into one room, to be read out by the one and typed in by the other; and the two sides of that
 * room, A and B. What one says while the other is away is kept by the server.
 *
 * @typedef {import('./events.js').Signal} Signal
 * @typedef {import('./connection.js').State} State
 * @typedef {import('./connection.js').StateChange} StateChange
 * @typedef {import('./events.js').Frame} Frame
 * @typedef {import('./events.js').Refusal} Refusal
 * @typedef {object} CallOptions
 * @property {AbortSignal} [signal]
 * @typedef {object} SideOptions
 * @property {string} appId
 * @property {'A' | 'B'} side
 * @property {string} [sid]  whoever comes back with the same one gets its side back; by default a random one
 * @property {AbortSignal} [signal]  closes the side
 * @property {typeof WebSocket} [WebSocket]  for runtimes that have none
 */

import { Connection } from './connection.js';
import { Channel, MeetpointError, emit } from './events.js';

/** @type {Record<number, string>} */
const CODES = { 410: 'GONE', 429: 'RATE_LIMIT' };

/** @param {string | URL} baseUrl @param {string} path @param {object} body @param {CallOptions} [options] @returns {Promise<any>} */
async function post(baseUrl, path, body, { signal } = {}) {
  const url = new URL(path, baseUrl);
  url.protocol = url.protocol.replace('ws', 'http');
  const headers = { 'Content-Type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal });
  const { ok, status } = answer;
  if (!ok) {
    const retryAfter = Number(answer.headers.get('Retry-After'));
    throw new MeetpointError(CODES[status] ?? 'HTTP', (await answer.text()).trim(), { status, retryAfter });
  }
  const { appID: appId, ...rest } = await answer.json();
  return { appId, ...rest };
}

/**
 * A code, and the room that it leads to: once, until `expiresAt` (RFC 3339).
 * @param {string | URL} baseUrl  of the server @param {CallOptions} [options]
 * @returns {Promise<{ code: string, appId: string, expiresAt: string }>}
 */
export const mintCode = (baseUrl, options) => post(baseUrl, '/rendezvous/code', {}, options);

/**
 * The room of a code; fails with `GONE` when it is unknown, used or expired, with `RATE_LIMIT` after too many wrong ones.
 * @param {string | URL} baseUrl  of the server @param {string} code @param {CallOptions} [options]
 * @returns {Promise<{ appId: string, expiresAt: string }>}
 */
export const redeemCode = (baseUrl, code, options) => post(baseUrl, '/rendezvous/redeem', { code }, options);

/** Frames that may wait for a connection. */
const MAX_QUEUE = 64;

/**
 * @extends {Channel<{
 *   signal: { frame: Signal },
 *   left: { reason: never },
 *   peer: { present: boolean },
 *   statechange: StateChange,
 *   error: Refusal,
 * }>}
 */
export class Side extends Channel {
  /** @type {'A' | 'B'} */
  side;
  sid;
  /** Whether the other side is there. */
  present = false;

  #connection;
  /** @type {string[]} */
  #queue = [];

  /** @param {string | URL} url @param {SideOptions} options @internal */
  constructor(url, { appId, side, sid = crypto.getRandomValues(new Uint32Array(4)).join(), ...options }) {
    super(false, (frame) => this.#say(frame));
    this.side = side;
    this.sid = sid;
    this.#connection = new Connection(url, { appID: appId, side, sid }, options, {
      onopen: () => this.#begin(),
      ontext: (text) => this.#hear(JSON.parse(text)),
      onstate: (change) => {
        if (change.state !== 'connected') this.#setPresent(false);
        emit(this, 'statechange', change);
      },
    });
  }

  /** @returns {State} */
  get state() {
    return this.#connection.state;
  }

  /** Gives the side up. */
  close() {
    this.#connection.end();
  }

  #begin() {
    // The server holds its tongue until it hears something.
    this.#connection.send('{"type":"hello"}');
    this.#connection.up();
    for (const text of this.#queue.splice(0)) this.#connection.send(text);
  }

  /** To the other side, also while it is away. @param {Frame} frame */
  #say({ candidate, ...frame }) {
    const text = JSON.stringify({ ...frame, cand: candidate });
    if (this.state === 'connected') return this.#connection.send(text);
    if (this.#connection.over) throw new MeetpointError('CLOSED');
    if (this.#queue.length >= MAX_QUEUE) throw new MeetpointError('QUEUE_FULL');
    this.#queue.push(text);
  }

  /** @param {Frame} frame */
  #hear(frame) {
    const { type, code, message } = frame;
    switch (type) {
      case 'room_full':
        return this.#setPresent(true);
      case 'peer_left':
        return this.#setPresent(false);
      case 'offer':
      case 'answer':
      case 'ice':
        return this.hear({ ...frame, candidate: frame.cand });
      case 'error':
        emit(this, type, { code, message, frame });
    }
  }

  /** @param {boolean} present */
  #setPresent(present) {
    if (present === this.present) return;
    this.present = present;
    emit(this, 'peer', { present });
  }
}

/**
 * Takes a side, at once, and comes back to it after every cut.
 * @param {string | URL} baseUrl  of the server @param {SideOptions} options
 */
export const openSide = (baseUrl, options) => new Side(new URL('/ws', baseUrl), options);
