/**
 * One client of the server: a session that outlives its sockets, and on it a match and rooms.
 *
 * @typedef {import('./connection.js').Address} Address
 * @typedef {import('./connection.js').State} State
 * @typedef {import('./connection.js').StateChange} StateChange
 * @typedef {import('./events.js').Frame} Frame
 * @typedef {import('./events.js').Refusal} Refusal
 * @typedef {import('./match.js').Match} Match
 * @typedef {import('./room.js').SavedRoom} SavedRoom
 * @typedef {Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>} Keeper
 *
 * @typedef {object} MeetpointOptions
 * @property {AbortSignal} [signal]  closes the client
 * @property {typeof WebSocket} [WebSocket]  for runtimes that have none
 * @property {Keeper} [storage]  sessionStorage, so that the session outlives a reload of the page
 * @property {string} [storageKey]  by default of this page's path and the URL: pages never take each other's session
 * @property {unknown} [userId]  any JSON of at most 1 KiB; two connections of one user are never matched
 * @property {number} [maxQueue]  frames that may be unread by the server, 256 by default
 *
 * @typedef {object} Wire  what the parts of a session say over it
 * @property {(frame: Frame, insist?: boolean) => number} say  throws over the bound of what may be unread, unless it insists; returns the frame's number
 * @property {(frame: Frame, to: string) => void} tell  to one client
 * @property {(frame: Frame, signal?: AbortSignal) => Promise<any>} ask
 * @property {() => number} ping  returns its number
 *
 * @typedef {{ match: Match | null, rooms: Room[], waiting: boolean }} Restored
 *   `waiting`: this page stood in the queue; its place is kept for the next `match()`
 */

import { Connection } from './connection.js';
import { MeetpointError, Target, emit } from './events.js';
import { Pairing } from './pairing.js';
import { Room } from './room.js';
import { Asks, Log, WHOEVER } from './session.js';

/** @extends {Target<{ statechange: StateChange, error: Refusal }>} */
export class Meetpoint extends Target {
  /** What a reload of this page left, once the session is resumed; null when there is nothing. */
  restored;

  #connection;
  #maxQueue;
  #userId;
  #log;
  /** The server has greeted on this socket. */
  #live = false;
  /** What a reload left, while the server has not said yet whether it goes on. */
  #takenOver = '';
  #asks = new Asks((frame, insist) => this.#say(frame, insist));
  #pairing;
  /** @type {Map<string, Room>} */
  #rooms = new Map();
  #wire;
  #storage;
  #storageKey;
  /** What a reload left is settled: it is ours again, or lost. @type {(restored: Restored | null) => void} */
  #settle = () => {};

  /** @param {Address | Address[]} url  of the server's socket; several are tried in turn @param {MeetpointOptions} [options] */
  constructor(url, { storage, storageKey, userId, maxQueue = 256, ...options } = {}) {
    super();
    this.#userId = userId;
    this.#maxQueue = maxQueue;
    this.#log = new Log(maxQueue);
    /** @type {Wire} */
    this.#wire = {
      say: (frame, insist) => this.#say(frame, insist),
      ask: (frame, signal) => this.#asks.ask(frame, signal),
      ping: () => this.#ping(),
      // Addressed, it cannot reach whoever takes the partner's place before it arrives. Servers without rooms ignore that.
      tell: (frame, to) => this.#say({ ...frame, to, ref: WHOEVER }),
    };
    this.#pairing = new Pairing(this.#wire);
    this.#connection = new Connection(url, { resumable: '1', goaway: '1' }, options, {
      onopen: () => this.#greet(),
      ontext: (text) => this.#hear(text),
      onping: () => this.#ping(),
      onstate: (change) => this.#changed(change),
      onpagehide: () => this.#save(),
    });
    this.#storage = storage;
    this.#storageKey = storageKey ?? `meetpoint ${globalThis.location?.pathname} ${url}`;
    /** @type {Promise<Restored | null>} */
    this.restored = new Promise((resolve) => (this.#settle = resolve));
    this.#takeOver();
    if (!this.#takenOver) this.#settle(null);
  }

  /** The server's name for this client; '' before the first connection. */
  get clientId() {
    return this.#log.clientId;
  }

  /** What the server can: `match`, `rooms`, `resume`. */
  get features() {
    return this.#log.features;
  }

  /** @returns {State} */
  get state() {
    return this.#connection.state;
  }

  /** The match at hand. */
  get currentMatch() {
    return this.#pairing.current;
  }

  /** Whether somebody awaits a match. */
  get waiting() {
    return this.#pairing.waiting;
  }

  /** The rooms at hand by their topic. @type {ReadonlyMap<string, Room>} */
  get rooms() {
    return this.#rooms;
  }

  /** Waits for a stranger. @param {{ signal?: AbortSignal }} [options]  aborted, this side leaves the queue @returns {Promise<Match>} */
  match(options) {
    return this.#pairing.seek(options);
  }

  /**
   * Enters a topic, or tells those in it something new of this side.
   * @param {string} topic @param {unknown} [info]  any JSON of at most 1 KiB @param {{ signal?: AbortSignal }} [options] @returns {Promise<Room>}
   */
  join(topic, info, options = {}) {
    const room = this.#rooms.get(topic) ?? this.#open({ topic, info, inside: false, peers: [] }, false);
    return room.enter(info, options);
  }

  /**
   * The topics of this Origin that somebody is in.
   * @param {{ prefix?: string, limit?: number, after?: string, signal?: AbortSignal }} [options]
   * @returns {Promise<{ topics: { topic: string, count: number }[], next?: string }>}
   */
  topics({ signal, ...page } = {}) {
    return this.#asks.ask({ type: 'topics', ...page }, signal);
  }

  /** Says goodbye. */
  close() {
    if (this.#live && this.#log.token) this.#connection.send('{"type":"bye"}');
    // It has never been ours: a client that is made in this one's place may still have it.
    if (this.#takenOver) attempt(() => this.#storage?.setItem(this.#storageKey, this.#takenOver));
    this.#connection.end();
  }

  /** @param {SavedRoom} saved @param {boolean} restored */
  #open(saved, restored) {
    const { topic } = saved;
    const room = new Room(saved, restored, this.#wire, () => this.#rooms.delete(topic));
    this.#rooms.set(topic, room);
    return room;
  }

  /** @param {Frame} frame @param {boolean} [insist]  also when there is too much already @returns {number} the frame's number */
  #say(frame, insist) {
    if (!insist) {
      if (this.#connection.over) throw new MeetpointError('CLOSED');
      if (this.#log.full(this.#connection.buffered)) throw new MeetpointError('QUEUE_FULL');
    }
    const text = JSON.stringify(frame);
    // What is said on a socket that cannot be resumed need not be kept.
    const number = this.#log.say(text, !this.#connection.over && (!this.#live || !!this.#log.token));
    if (this.#live) {
      this.#connection.send(text);
      if (this.#log.crowded) this.#ping();
    }
    return number;
  }

  #ping() {
    // Not to be crowded by itself, it counts before it is said.
    const number = this.#log.pinged();
    this.#say({ type: 'ping' }, true);
    return number;
  }

  #greet() {
    const { token, received } = this.#log;
    const resume = token ? { token, received } : undefined;
    this.#connection.send(JSON.stringify({ type: 'hello', resume }));
  }

  /** @param {string} text */
  #hear(text) {
    /** @type {Frame} */
    const frame = attempt(() => JSON.parse(text)) ?? {};
    const { type, topic, from } = frame;
    if (!this.#live) return this.#greeted(frame);
    this.#log.received++;
    if (type === 'goaway') this.#connection.notBefore = Date.now() + frame.reconnectAfter;
    else if (type === 'pong') {
      const read = this.#log.pong();
      this.#asks.read(read);
      this.#pairing.read(read);
    } else if (type === 'error') {
      this.#refused(frame);
    } else {
      this.#asks.hear(frame);
      // Older servers leave it to the two to agree who offers.
      if (type === 'matched') frame.initiator ??= this.clientId < frame.partnerId;
      if (topic !== undefined) this.#rooms.get(topic)?.hear(frame);
      // What an earlier partner still had under way is none of the next match's business.
      else if (!from || from === this.#pairing.match?.partnerId) this.#pairing.hear(frame);
      // Somebody who spoke to us without naming the topic.
      else for (const room of this.#rooms.values()) if (room.peers.has(from)) return room.hear(frame);
    }
  }

  /** @param {Frame} frame */
  #greeted(frame) {
    const { type, code } = frame;
    if (type === 'ready') this.#begin(frame);
    else if (type === 'resumed') this.#resume(frame);
    else if (type === 'error') {
      // Whatever is wrong with our hello, it is what we kept: without it, it will do.
      this.#log.token = '';
      this.#connection.lost(code);
    }
  }

  /** @param {Frame} frame  `resumed`: the session goes on */
  #resume(frame) {
    this.#log.forget(frame.received);
    this.#enter(frame);
    for (const text of this.#log.kept) this.#connection.send(text);
    for (const room of this.#rooms.values()) room.held ||= room.restored;
    this.#settle({ match: this.currentMatch, rooms: [...this.#rooms.values()], waiting: this.waiting });
    this.#connection.up({ resumed: true }, this.#log.pingInterval);
  }

  /** @param {Frame} frame  `ready`: this is another session */
  #begin(frame) {
    // Servers that name no interval mean this.
    const { features = [], pingInterval = 20_000 } = frame;
    this.#log = new Log(this.#maxQueue, { features, pingInterval });
    this.#enter(frame);
    if (this.#userId !== undefined) this.#say({ type: 'auth', userId: this.#userId });
    this.#asks.again();
    this.#settle(null);
    this.#pairing.lost();
    for (const room of this.#rooms.values()) room.lost();
    this.#connection.up({ resumed: false }, this.#log.pingInterval);
  }

  /** @param {Frame} frame  `ready` or `resumed` */
  #enter({ clientId, resumeToken = '', resumeWindow }) {
    this.#log.clientId = clientId;
    this.#log.token = resumeToken;
    if (resumeWindow) this.#connection.suspendAfter = resumeWindow;
    this.#live = true;
    this.#takenOver = '';
    attempt(() => this.#storage?.removeItem(this.#storageKey));
  }

  /** Before the page goes, be it for a reload: a socket that the browser closes would end the session. */
  #save() {
    if (!this.#storage || !this.#log.token || this.#connection.over) return;
    const state = { at: this.#connection.at, log: this.#log, pairing: this.#pairing, rooms: [...this.#rooms.values()] };
    attempt(() => this.#storage?.setItem(this.#storageKey, JSON.stringify(state)));
    this.#connection.rest();
  }

  #takeOver() {
    attempt(() => {
      const text = this.#storage?.getItem(this.#storageKey);
      if (!text) return;
      this.#storage?.removeItem(this.#storageKey);
      const { at, log, pairing, rooms } = JSON.parse(text);
      this.#pairing.restore(pairing);
      for (const room of rooms) this.#open(room, true);
      this.#connection.at = at;
      this.#log = new Log(this.#maxQueue, log);
      this.#takenOver = text;
    });
  }

  /** @param {Frame} frame */
  #refused(frame) {
    const { code, message } = frame;
    if (this.#asks.hear(frame) || this.#pairing.excuses(code)) return;
    // An older server does not know our hello.
    if (code !== 'UNKNOWN_TYPE' || this.features.includes('rooms')) emit(this, 'error', { code, message, frame });
  }

  /** @param {StateChange} change */
  #changed(change) {
    if (change.state !== 'connected') this.#live = false;
    emit(this, 'statechange', change);
    if (!this.#connection.over) return;
    const error = new MeetpointError('CLOSED', change.reason);
    this.#asks.close(error);
    this.#pairing.close(error);
    for (const room of this.#rooms.values()) room.end('closed');
    this.#settle(null);
  }
}

/**
 * What is heard may be nonsense; storage may be full, forbidden, or hold what another version wrote.
 * @template T @param {() => T} act
 */
function attempt(act) {
  try {
    return act();
  } catch {
    return undefined;
  }
}
