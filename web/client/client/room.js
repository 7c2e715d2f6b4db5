/**
 * A topic and the others in it: those of whom the server has told, and not yet told that they left.
 *
 * @typedef {import('./events.js').Frame} Frame
 * @typedef {import('./events.js').Signal} Signal
 * @typedef {import('./meetpoint.js').Wire} Wire
 * @typedef {'left' | 'disconnected' | 'timeout' | 'lost'} LeavingReason  `lost`: our own session could not be resumed
 * @typedef {{ clientId: string, initiator: boolean, userId?: unknown, info?: unknown }} PeerView  a peer as the server shows it
 * @typedef {{ topic: string, info?: unknown, inside: boolean, peers: PeerView[] }} SavedRoom
 */

import { Channel, MeetpointError, Target, abortable, emit } from './events.js';

/**
 * One of the others in a room.
 * @extends {Channel<{ signal: { frame: Signal }, left: { reason: LeavingReason } }>}
 */
export class Peer extends Channel {
  clientId;
  /** Whether this side makes the offer towards that peer. */
  initiator;
  /** What the peer named itself by `auth`. @type {unknown} */
  userId;
  /** What the peer told of itself as it joined. @type {unknown} */
  info;

  /** @param {PeerView} view @param {boolean} restored @param {(frame: Frame) => void} say @internal */
  constructor({ clientId, initiator, userId, info }, restored, say) {
    super(restored, say);
    this.clientId = clientId;
    this.initiator = initiator;
    this.userId = userId;
    this.info = info;
  }
}

/**
 * @extends {Target<{
 *   peerjoined: { peer: Peer },
 *   peerleft: { peer: Peer, reason: LeavingReason },
 *   peerupdated: { peer: Peer },
 *   peeraway: { peer: Peer, until: number },
 *   peerback: { peer: Peer },
 *   message: { data: any, from: string, peer?: Peer },
 *   left: { reason: string, error?: unknown },
 * }>}
 */
export class Room extends Target {
  topic;
  /** What this side told of itself. @type {unknown} */
  info;
  /** The others by their client id. @type {Map<string, Peer>} */
  peers = new Map();
  /** Taken over from before a reload of this page. */
  restored;
  ended = false;
  /** Somebody has it. @internal */
  held = false;
  /** The server has said `joined`; what it says of the topic before that is of an earlier stay. @internal */
  inside;

  /** All pages of its peers have come. */
  #whole;
  /** The last of a page, whom the next one comes behind; '' once that one has left. @type {string | undefined} */
  #after;
  /** Calls of `join` under way. */
  #entering = 0;
  /** Who waits for the last page. @type {((value?: any) => void)[]} */
  #awaited = [];
  #wire;
  #forget;

  /** @param {SavedRoom} saved @param {boolean} restored @param {Wire} wire @param {() => void} forget @internal */
  constructor({ topic, info, inside, peers }, restored, wire, forget) {
    super();
    this.topic = topic;
    this.info = info;
    this.restored = restored;
    this.inside = this.#whole = inside;
    this.#wire = wire;
    this.#forget = forget;
    for (const view of peers) this.#add(view, restored);
  }

  /** To all others, who get it as `message`. @param {unknown} data  any JSON */
  publish(data) {
    this.#say({ type: 'publish', data });
  }

  /** To one of them; if it has gone, the client fires an `error` event. @param {string} to  client id @param {unknown} data  any JSON */
  send(to, data) {
    this.#say({ type: 'send', to, data });
  }

  /** Tells something else of this side. @param {unknown} [info]  any JSON of at most 1 KiB @param {{ signal?: AbortSignal }} [options] */
  async update(info, { signal } = {}) {
    this.#check();
    await this.#wire.ask({ type: 'join', topic: this.topic, info }, signal);
    this.info = info;
  }

  leave() {
    if (this.ended) return;
    this.end();
    this.#wire.say({ type: 'leave', topic: this.topic }, true);
  }

  /** @param {unknown} info @param {{ signal?: AbortSignal }} options @returns {Promise<this>} @internal */
  async enter(info, options) {
    const { signal } = options;
    this.#entering++;
    try {
      await this.update(info, options);
      if (!this.#whole) await abortable(signal, (resolve) => this.#awaited.push(resolve));
      this.#check();
      this.held = true;
      return this;
    } catch (error) {
      // Nobody has this room, and nobody else waits for it.
      if (!this.held && this.#entering === 1) signal?.aborted ? this.leave() : this.end();
      throw error;
    } finally {
      this.#entering--;
    }
  }

  /** @returns {SavedRoom} @internal */
  toJSON() {
    const { topic, info, inside, peers } = this;
    return { topic, info, inside, peers: [...peers.values()] };
  }

  /** Another session has begun. @internal */
  lost() {
    this.inside = this.#whole = false;
    for (const clientId of this.peers.keys()) this.#remove(clientId, 'lost');
    if (this.held) this.update(this.info).catch((error) => this.end(error.code, error));
    // It was the page's before a reload, and that is lost. This page may have asked for it all the same.
    else if (!this.#entering) this.end();
    else this.restored = false;
  }

  /** @param {string} [reason]  none when this side left @param {unknown} [error] @internal */
  end(reason, error) {
    if (this.ended) return;
    this.ended = true;
    this.#forget();
    for (const peer of this.peers.values()) peer.end();
    for (const wake of this.#awaited) wake();
    if (reason) emit(this, 'left', { reason, error });
  }

  /** What the server says of the topic, or somebody in it. @param {Frame} frame @internal */
  hear(frame) {
    const { type, topic, from, clientId, peer: view, until = 0 } = frame;
    if (type === 'joined') this.inside = true;
    if (!this.inside) return;
    const peer = this.peers.get(from ?? view?.clientId ?? clientId);
    switch (type) {
      case 'joined':
      case 'peers': {
        for (const other of frame.peers) this.#add(other);
        // Behind one who left, and may be back as the last of all, others would be missed: from the beginning, then.
        const again = type === 'peers' && this.#after === '';
        this.#after = again ? undefined : frame.next;
        if (again || frame.next) return this.#wire.say({ type: 'peers', topic, after: this.#after }, true);
        this.#whole = true;
        for (const wake of this.#awaited.splice(0)) wake();
        return;
      }
      case 'left':
        // Of an earlier stay: the `joined` of this one comes behind it.
        this.inside = false;
        return this.peers.clear();
      case 'peer-joined':
        return this.#add(view);
      case 'peer-left':
        if (clientId === this.#after) this.#after = '';
        return this.#remove(clientId, frame.reason);
      case 'message':
        return emit(this, type, { data: frame.data, from, peer });
    }
    if (!peer) return;
    switch (type) {
      case 'offer':
      case 'answer':
      case 'ice':
        return peer.hear(frame);
      case 'peer-updated':
        peer.userId = view.userId;
        peer.info = view.info;
        return emit(this, 'peerupdated', { peer });
      case 'peer-away':
      case 'peer-back':
        peer.away = until;
        emit(this, type.replace('-', ''), { peer, until });
    }
  }

  /** @param {PeerView} view */
  #add(view, restored = false) {
    const { clientId } = view;
    if (this.peers.has(clientId)) return;
    const say = (/** @type {Frame} */ frame) => this.#wire.tell({ ...frame, topic: this.topic }, clientId);
    const peer = new Peer(view, restored, say);
    this.peers.set(clientId, peer);
    emit(this, 'peerjoined', { peer });
  }

  /** @param {string} clientId @param {LeavingReason} reason */
  #remove(clientId, reason) {
    const peer = this.peers.get(clientId);
    if (!this.peers.delete(clientId)) return;
    peer?.end(reason);
    emit(this, 'peerleft', { peer, reason });
  }

  /** @param {Frame} frame */
  #say(frame) {
    this.#check();
    this.#wire.say({ ...frame, topic: this.topic });
  }

  #check() {
    if (this.ended) throw new MeetpointError('CLOSED');
  }
}
