/**
 * Perfect negotiation (W3C WebRTC, §10.7) over a match, a peer of a room, or a side.
 *
 * Steps are done one after the other, so no candidate overtakes the description it belongs to, and an offer that comes
 * while ours is being made finds it made: the polite side then takes its own back, the other one ignores what came.
 *
 * @typedef {import('./events.js').Signal} Signal
 * @typedef {EventTarget & { signal(frame: any): void, readonly restored?: boolean }} Channel
 *   has events `signal` with a `frame`
 * @typedef {object} NegotiationOptions
 * @property {boolean} polite  gives way when both sides offer at once; true on exactly one of them: `!match.initiator`
 * @property {boolean} [first]  may make the first offer; later either side may. By default the impolite side, or one that was reloaded
 * @property {AbortSignal} [signal]  like `close`
 */

import { Target, emit } from './events.js';

/** Milliseconds for which the polite side leaves it to the other one to restart ICE. */
const AFTER_YOU = 3_000;
/** Milliseconds after which a connection that has gathered nothing is taken for one that can be rolled back. */
const GATHERING = 2_000;
/** Frames that may wait: for a description, or for the page to build another connection. */
const MAX_WAITING = 256;

/** The session id of an `o=` line: another one is another RTCPeerConnection. @param {string} sdp */
const sessionOf = (sdp) => /^o=\S+ (\S+)/m.exec(sdp)?.[1];

/** @extends {Target<{ restart: {}, error: { error: unknown } }>} */
export class Negotiation extends Target {
  /** @type {WeakMap<Channel, Negotiation>} */
  static #latest = new WeakMap();

  #pc;
  #channel;
  #polite;
  /** Gained with the other side's first description. */
  #mayOffer;
  /** The other side's. @type {string | undefined} */
  #session;
  /** The other side's connection is a new one: what comes is for the negotiation that follows on this. */
  #outlived = false;
  /** @type {Signal[]} */
  #inbox = [];
  /** Candidates that came before the description. @type {any[]} */
  #early = [];
  /** @type {Promise<void>} */
  #work = Promise.resolve();
  #closed = new AbortController();
  #gathering;

  /** @param {RTCPeerConnection} pc @param {Channel} channel @param {NegotiationOptions} options @internal */
  constructor(pc, channel, { polite, first = !polite || !!channel.restored, signal }) {
    super();
    this.#pc = pc;
    this.#channel = channel;
    this.#polite = polite;
    this.#mayOffer = first;
    if (signal?.aborted) return;

    const until = { signal: this.#closed.signal };
    signal?.addEventListener('abort', () => this.close(), until);
    const before = Negotiation.#latest.get(channel);
    Negotiation.#latest.set(channel, this);
    if (before) {
      before.close();
      for (const frame of before.#inbox.splice(0)) this.#receive(frame);
    }
    channel.addEventListener('signal', (event) => this.#receive(/** @type {any} */ (event).frame), until);
    // In its turn: no candidate overtakes the description that it belongs to.
    pc.addEventListener('icecandidate', ({ candidate }) => candidate && this.#enqueue(() => this.#say({ type: 'ice', candidate })), until);
    pc.addEventListener('connectionstatechange', () => this.#watch(), until);
    pc.addEventListener('negotiationneeded', () => this.#enqueue(() => this.#offer()), until);
    this.#gathering = new Promise((resolve) => {
      pc.addEventListener('icecandidate', resolve, until);
      setTimeout(resolve, GATHERING);
    });
    // What was added before may have had its event already.
    if (pc.getTransceivers().length) this.#enqueue(() => this.#session || this.#offer());
  }

  /** Lets go of the connection and the channel; closes neither. */
  close() {
    this.#closed.abort();
  }

  /** @param {Signal} frame */
  #receive(frame) {
    if (this.#inbox.push(frame) > MAX_WAITING) this.#inbox.pop();
    this.#enqueue(async () => {
      const next = this.#inbox.shift();
      if (next) await (next.type === 'ice' ? this.#candidate(next.candidate) : this.#description(next));
    });
  }

  /** @param {() => any} step */
  #enqueue(step) {
    const gone = () => this.#closed.signal.aborted || this.#pc.signalingState === 'closed';
    this.#work = this.#work
      .then(() => (gone() || this.#outlived ? undefined : step()))
      .catch((error) => {
        if (!gone()) emit(this, 'error', { error });
      });
  }

  async #offer() {
    // An offer that waits for us says what ours would.
    if (this.#polite && this.#inbox.some(({ type }) => type === 'offer')) return;
    if (this.#mayOffer && this.#pc.signalingState === 'stable') await this.#describe();
  }

  /** Without an argument, setLocalDescription makes what the moment asks for: an offer, or the answer to one. */
  async #describe() {
    await this.#pc.setLocalDescription();
    const sdp = /** @type {RTCSessionDescription} */ (this.#pc.localDescription);
    this.#say({ type: sdp.type, sdp });
  }

  /** @param {any} frame */
  #say(frame) {
    if (!this.#closed.signal.aborted) this.#channel.signal(frame);
  }

  /** @param {Extract<Signal, { sdp: any }>} frame */
  async #description(frame) {
    const { type } = frame;
    // Some clients send the whole description, others its text. The type is the frame's: nobody rolls us back from afar.
    const sdp = String(frame.sdp?.sdp ?? frame.sdp);
    const session = sessionOf(sdp);
    this.#mayOffer = true;
    if (this.#session && session && session !== this.#session) {
      this.#outlived = true;
      this.#inbox.unshift(frame);
      return emit(this, 'restart');
    }
    const state = this.#pc.signalingState;
    if (type === 'offer' ? state !== 'stable' && !this.#polite : state !== 'have-local-offer') return;
    // Chromium never gathers again after a rollback that came before it knew its networks.
    if (type === 'offer' && state !== 'stable') await this.#gathering;
    await this.#pc.setRemoteDescription({ type, sdp });
    this.#session = session;
    if (type === 'offer') await this.#describe();
    for (const candidate of this.#early.splice(0)) await this.#candidate(candidate);
  }

  /** @param {any} candidate */
  async #candidate(candidate) {
    if (!candidate) return;
    if (this.#pc.remoteDescription) {
      // One that this browser cannot use (an unknown transport, of an offer taken back) costs nothing: others follow.
      await this.#pc.addIceCandidate(candidate).catch(() => {});
    } else if (this.#early.push(candidate) > MAX_WAITING) this.#early.pop();
  }

  #watch() {
    const restart = () => this.#pc.connectionState === 'failed' && this.#pc.restartIce();
    if (this.#polite) setTimeout(restart, AFTER_YOU);
    else restart();
  }
}

/**
 * Keeps what both sides send and receive agreed for as long as the connection lives: just add tracks and data channels to it.
 * @param {RTCPeerConnection} pc @param {Channel} channel @param {NegotiationOptions} options
 */
export const negotiate = (pc, channel, options) => new Negotiation(pc, channel, options);
