/**
 * From Start to Stop: what the server says and the person presses, turned into one state at a time.
 *
 * A call outlives its socket. The media flows from browser to browser, so a cut (or a restarted server) leaves it alone:
 * the page reconnects under a new identity and lets the call run on its own until one side ends it.
 *
 * @typedef {import('./signaling.js').Frame} Frame
 * @typedef {import('./media.js').LocalMedia} LocalMedia
 * @typedef {import('./words.js').State} State
 * @typedef {object} SessionOptions
 * @property {string | URL} url
 * @property {RTCIceServer[]} iceServers
 * @property {import('./view.js').View} view
 */

import { Call } from './call.js';
import { openMedia } from './media.js';
import { Signaling } from './signaling.js';
import * as words from './words.js';

/** ICE takes some fifteen seconds to fail: this leaves room for one restart before the next partner is worth more. */
const PATIENCE = 30_000;
/** How long the news of a partner's going stays on the page. */
const NEWS = 4_000;

export class Session {
  /** @type {State} */
  state = 'idle';
  /** @type {Call | null} */
  call = null;

  #url;
  #iceServers;
  #view;
  #since = Date.now();
  /** @type {Promise<LocalMedia> | null} */
  #opening = null;
  /** @type {LocalMedia | null} */
  #media = null;
  /** @type {Signaling | null} */
  #signaling = null;
  #clientId = '';
  /** Whether the server, too, takes this side for paired. */
  #paired = false;
  #deadline = 0;
  #news = 0;

  /** @param {SessionOptions} options */
  constructor({ url, iceServers, view }) {
    this.#url = url;
    this.#iceServers = iceServers;
    this.#view = view;
    this.#enter('idle');
  }

  async start() {
    if (this.#opening) return;
    this.#enter('media');
    const opening = (this.#opening = openMedia());
    const media = await opening;
    // Stopped while the browser was still asking.
    if (this.#opening !== opening) return media.release();

    this.#media = media;
    this.#view.showLocal(media);
    this.#enter('connecting');
    this.#signaling = new Signaling(this.#url, {
      onframe: (frame) => this.#receive(frame),
      onlost: () => this.#lost(),
      onrefused: (code, reason) => this.#end('stopped', words.refused(code, reason)),
    });
  }

  next() {
    if (!this.call) return;
    if (this.#paired) this.#signaling?.send({ type: 'next' });
    this.#lookForSomeone();
  }

  stop() {
    this.#signaling?.send({ type: 'leave' });
    this.#end('idle');
  }

  /** @param {'audio' | 'video'} kind @returns {boolean} whether it is on now */
  toggle(kind) {
    const tracks = this.#media?.stream.getTracks().filter((track) => track.kind === kind) ?? [];
    for (const track of tracks) track.enabled = !track.enabled;
    return tracks.some((track) => track.enabled);
  }

  /** @param {Frame} frame */
  #receive(frame) {
    switch (frame.type) {
      case 'ready':
        this.#clientId = frame.clientId;
        return this.call ? this.#callChanged() : this.#lookForSomeone();
      case 'matched':
        return this.#matched(frame);
      case 'offer':
      case 'answer':
      case 'ice':
        // What an earlier partner still had under way is none of this call's business.
        if (frame.from === this.call?.partnerId) this.call?.receive(frame);
        return;
      case 'partner-left':
        // Without a call it crossed with our own `next`.
        if (this.call) this.#lookForSomeone(words.partnerLeft(frame.reason));
        return;
      case 'error':
        // The server speaks in order: if it knows of no partner after it named one, this side missed the parting.
        if (frame.code === 'NOT_PAIRED' && this.#paired) this.#lookForSomeone(words.partnerLeft(undefined));
        return this.#view.notify(words.serverError(frame));
    }
  }

  /** @param {Frame} frame */
  #matched({ partnerId, initiator = this.#clientId < partnerId }) {
    const stream = this.#media?.stream;
    if (!stream) return;
    this.#endCall();
    this.#paired = true;
    this.call = new Call({
      partnerId,
      initiator,
      stream,
      iceServers: this.#iceServers,
      send: (frame) => this.#paired && this.#signaling?.send(frame),
      onchange: () => this.#callChanged(),
      onerror: () => this.#view.notify(words.BAD_DESCRIPTION),
    });
    this.#view.showRemote(this.call.remote);
    this.#negotiate();
  }

  #callChanged() {
    if (!this.call) return;
    const { state, connectedAt } = this.call;
    if (state === 'connected') {
      clearTimeout(this.#deadline);
      if (this.#signaling?.ready) this.#enter('in-call', this.#paired ? undefined : words.CALL_ON_ITS_OWN, connectedAt);
    } else if (this.#paired) {
      // A hang-up that the server has not told of yet: it will, and it knows the reason.
      const interrupted = state === 'disconnected' || state === 'failed';
      if (interrupted && this.state !== 'negotiating') this.#negotiate(words.INTERRUPTED);
    } else if (state === 'failed' || state === 'closed') {
      this.#lookForSomeone(words.CALL_LOST);
    }
  }

  /** @param {string} [text] */
  #negotiate(text) {
    this.#enter('negotiating', text);
    this.#deadline = setTimeout(() => {
      this.#signaling?.send({ type: 'next' });
      this.#lookForSomeone(words.UNREACHED);
    }, PATIENCE);
  }

  /** The socket is gone, and with it the pairing. Only media that flows already can do without. */
  #lost() {
    this.#paired = false;
    if (this.call?.state !== 'connected') this.#endCall();
    this.#enter('reconnecting', this.call ? words.CALL_GOES_ON : undefined);
  }

  /**
   * A server that queues an abandoned side again by itself ignores our `available`; one that does not needs it.
   * @param {string} [why]  the last partner is gone
   */
  #lookForSomeone(why) {
    this.#endCall();
    if (!this.#signaling?.ready) return this.#enter('reconnecting');
    this.#signaling.send({ type: 'available' });
    if (!why) return this.#enter('waiting');
    this.#enter('partner-left', words.lookingAgain(why));
    this.#news = setTimeout(() => this.#enter('waiting', undefined, this.#since), NEWS);
  }

  #endCall() {
    clearTimeout(this.#deadline);
    this.#paired = false;
    this.call?.close();
    this.call = null;
    this.#view.showRemote(null);
  }

  /** @param {'idle' | 'stopped'} state @param {string} [text] */
  #end(state, text) {
    this.#signaling?.close();
    this.#signaling = null;
    this.#endCall();
    this.#opening = null;
    this.#media?.release();
    this.#media = null;
    this.#view.showLocal(null);
    this.#enter(state, text);
  }

  /** @param {State} state @param {string} [text] @param {number} [since]  what the clock on the page counts from */
  #enter(state, text = words.STATUS[state], since = state === this.state ? this.#since : Date.now()) {
    clearTimeout(this.#news);
    this.state = state;
    this.#since = since;
    this.#view.showState(state, text, since);
  }
}
