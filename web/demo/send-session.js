/**
 * From a chosen file or a typed code to the last byte: two pages find each other by the code and then speak for themselves.
 *
 * @typedef {import('./send-words.js').State} State
 * @typedef {import('./send-outgoing.js').Transfer} Transfer
 * @typedef {object} SessionOptions
 * @property {string} base  the server's address
 * @property {RTCIceServer[]} iceServers
 * @property {import('./send-view.js').View} view
 */

import { mintCode, negotiate, openSide, redeemCode } from '/client.js';
import { Incoming } from './send-incoming.js';
import { isOver, Outgoing } from './send-outgoing.js';
import { Wire } from './send-wire.js';
import * as words from './send-words.js';

/** ICE takes some fifteen seconds to fail: this leaves room for a second try. */
const PATIENCE = 40_000;

/** Others may write a code with whatever between its digits, or hand on the link. @param {string} text */
export function digitsOf(text) {
  const told = text.normalize('NFKC');
  return told.slice(told.lastIndexOf('#') + 1).replace(/[\s\p{P}\p{Cf}]/gu, '');
}

export class SendSession {
  /** @type {State} */
  state = 'idle';
  /** @type {RTCPeerConnection | null} */
  peerConnection = null;
  outgoing = new Outgoing((transfer) => this.#transferred(transfer));
  /** @type {Incoming | null} */
  incoming = null;

  #base;
  #iceServers;
  #view;
  #role = '';
  #stop = new AbortController();
  #deadline = 0;
  #expiry = 0;

  /** @param {SessionOptions} options */
  constructor({ base, iceServers, view }) {
    this.#base = base;
    this.#iceServers = iceServers;
    this.#view = view;
    this.#enter('idle');
  }

  /** Bytes are, or may soon be, under way. */
  get busy() {
    return !this.outgoing.idle || Boolean(this.incoming && !this.incoming.idle);
  }

  /** @param {File[]} files */
  async send(files) {
    if (files.length === 0 || this.#role === 'receiver') return;
    const first = this.#role === '';
    this.#role = 'sender';
    this.outgoing.add(files);
    if (first) await this.renew();
    else if (this.state === 'done') this.#enter('live');
  }

  /** Asks for a code, or for another one when nobody used the last. */
  async renew() {
    this.#reset();
    const { signal } = this.#stop;
    this.#enter('minting');
    await this.#attempt(signal, async () => {
      const { code, appId, expiresAt } = await mintCode(this.#base, { signal });
      // The server's clock may be another: what counts is how long it takes from now, at most what is usual.
      const left = Math.min(Math.max(Date.parse(expiresAt) - Date.now(), 60_000), 3_600_000);
      this.#view.showCode(code, Date.now() + left);
      this.#enter('waiting');
      this.#expiry = setTimeout(() => this.#fail(words.EXPIRED), left);
      this.#meet('A', appId, signal);
    });
  }

  /** @param {string} text  the code as it was typed */
  async receive(text) {
    const code = digitsOf(text);
    if (!/^\d{4,8}$/.test(code)) return this.#view.refuseCode(words.NO_DIGITS);
    if (this.#role !== '') return;
    this.#role = 'receiver';
    const { signal } = this.#stop;
    this.#enter('redeeming');
    await this.#attempt(signal, async () => {
      const { appId } = await redeemCode(this.#base, code, { signal });
      this.#enter('connecting');
      this.#meet('B', appId, signal);
    });
  }

  /** @param {Transfer} transfer */
  cancel({ id, outgoing }) {
    if (outgoing) this.outgoing.cancel(id);
    else this.incoming?.cancel(id);
  }

  /** Back to the beginning. */
  end() {
    this.#reset();
    this.outgoing.close(words.CANCELLED_HERE);
    this.incoming?.close(words.CANCELLED_HERE);
    this.outgoing = new Outgoing((transfer) => this.#transferred(transfer));
    this.incoming = null;
    this.#role = '';
    this.#enter('idle');
  }

  /** @param {AbortSignal} signal @param {() => Promise<void>} steps */
  async #attempt(signal, steps) {
    try {
      await steps();
    } catch (fault) {
      if (signal.aborted) return;
      if (this.#role === 'sender') return this.#fail(refusal(fault, words.BUSY_SERVER));
      // A wrong code is no reason to begin anew.
      this.#role = '';
      this.#enter('idle');
      this.#view.refuseCode(refusal(fault, words.GONE));
    }
  }

  /** @param {'A' | 'B'} side @param {string} appId @param {AbortSignal} signal */
  #meet(side, appId, signal) {
    const channel = openSide(this.#base, { appId, side, signal });
    const start = () => {
      if (this.peerConnection) return;
      clearTimeout(this.#expiry);
      this.#enter('connecting');
      this.#deadline = setTimeout(() => this.#fail(words.UNREACHED), PATIENCE);
      const pc = (this.peerConnection = new RTCPeerConnection({ iceServers: this.#iceServers }));
      signal.addEventListener('abort', () => pc.close());
      pc.onconnectionstatechange = () => this.#connectionChanged(pc);
      negotiate(pc, channel, { polite: side === 'B', signal });
      if (side === 'A') this.#open(pc.createDataChannel('files'));
      else pc.ondatachannel = ({ channel: data }) => this.#open(data);
    };
    channel.addEventListener('peer', (/** @type {any} */ { present }) => {
      if (present) start();
      else if (this.state === 'connecting') this.#fail(words.LEFT_EARLY);
    });
    if (channel.present) start();
  }

  /** @param {RTCDataChannel} data */
  #open(data) {
    const { signal } = this.#stop;
    const receives = this.#role === 'receiver';
    const wire = new Wire(data, {
      onframe: (frame) => (receives ? this.incoming : this.outgoing)?.hear(frame),
      onbytes: (bytes) => this.incoming?.take(bytes),
    });
    const opened = () => {
      clearTimeout(this.#deadline);
      this.#enter('live', receives ? words.CONNECTED_RECEIVER : undefined);
      if (!receives) this.outgoing.attach(wire);
    };
    if (receives) this.incoming = new Incoming(wire, (transfer) => this.#transferred(transfer));
    data.addEventListener('open', opened, { signal });
    data.addEventListener('close', () => this.#parted(), { signal });
    if (data.readyState === 'open') opened();
  }

  /** @param {RTCPeerConnection} pc */
  #connectionChanged({ connectionState }) {
    const stands = this.state === 'live' || this.state === 'done';
    if (stands && (connectionState === 'disconnected' || connectionState === 'failed')) {
      this.#enter('mending');
      this.#deadline = setTimeout(() => this.#fail(words.NOT_MENDED), PATIENCE);
    } else if (this.state === 'mending' && connectionState === 'connected') {
      clearTimeout(this.#deadline);
      this.#enter('live', words.BACK);
    }
  }

  /** @param {Transfer} transfer */
  #transferred(transfer) {
    this.#view.showTransfer(transfer);
    if (this.state !== 'live' && this.state !== 'done') return;
    if (!this.busy && isOver(transfer)) this.#enter('done', words.summary(transfer));
    else if (this.state === 'done' || (transfer.phase === 'moving' && transfer.bytes === 0)) this.#enter('live');
  }

  /** The other page was closed, or its person has ended it. */
  #parted() {
    const why = words.OVER_THERE;
    this.#enter('ended');
    this.#reset();
    this.outgoing.close(why);
    this.incoming?.close(why);
  }

  /** @param {string} why */
  #fail(why) {
    // Before the connection stood, what was chosen may still be sent under another code.
    const lost = this.state === 'mending';
    this.#enter('failed', why);
    this.#reset();
    if (!lost) return;
    this.outgoing.close(why);
    this.incoming?.close(why);
  }

  #reset() {
    clearTimeout(this.#deadline);
    clearTimeout(this.#expiry);
    this.#stop.abort();
    this.#stop = new AbortController();
    this.peerConnection = null;
  }

  /** @param {State} state @param {string} [text] */
  #enter(state, text = words.STATUS[state]) {
    this.state = state;
    this.#view.showState(state, this.#role, text, this.#role === 'sender' && !this.outgoing.idle);
  }
}

/** @param {any} fault @param {string} usual  what a refusal means in general */
function refusal(fault, usual) {
  if (fault?.code === 'RATE_LIMIT') return words.guessing(fault.retryAfter);
  return fault?.code ? usual : words.NO_SERVER;
}
