/**
 * The call with one peer, a partner or a member of a room, from the meeting until it is closed. It outlives its
 * RTCPeerConnection: a peer whose page was loaded anew comes back with another one, and so does this side then.
 *
 * @typedef {import('../client/client.js').Match | import('../client/client.js').Peer} Channel
 * @typedef {object} CallOptions
 * @property {Channel} channel  to the peer, over the server
 * @property {MediaStream} stream  what the peer is to see and hear
 * @property {RTCIceServer[]} iceServers
 * @property {() => void} onchange  `state`, `remote` or `hears` has changed
 * @property {() => void} onerror  the peer's description was of no use
 * @property {(text: string) => void} [ontext]  given, there is a data channel for text, too
 */

import { negotiate } from '/client.js';

/** The longest text that is said, and taken, in UTF-16 units. */
export const LONGEST_TEXT = 2000;

export class Call {
  /** @type {RTCPeerConnection} */
  peerConnection;
  /** What the peer sends; another stream with every connection. */
  remote = new MediaStream();
  /** When the first connection stood. */
  connectedAt = 0;

  #options;
  #closed = false;
  #hungUp = false;
  /** @type {import('../client/client.js').Negotiation} */
  #negotiation;
  /** @type {RTCDataChannel | null} */
  #texts = null;

  /** @param {CallOptions} options */
  constructor(options) {
    this.#options = options;
    this.peerConnection = this.#connect();
    this.#negotiation = this.#negotiate();
  }

  get initiator() {
    return this.#options.channel.initiator;
  }

  /** The connection's, but `closed` when the peer hung up and ICE has not noticed yet. */
  get state() {
    const { connectionState } = this.peerConnection;
    return this.#hungUp && connectionState === 'connected' ? 'closed' : connectionState;
  }

  /** Whether what is said now reaches the peer. */
  get hears() {
    return this.state === 'connected' && this.#texts?.readyState === 'open';
  }

  /** @param {string} text */
  say(text) {
    this.#texts?.send(text);
  }

  close() {
    this.#closed = true;
    this.#negotiation.close();
    this.peerConnection.close();
  }

  #connect() {
    const { stream, iceServers, onchange, ontext } = this.#options;
    const pc = new RTCPeerConnection({ iceServers });
    const remote = (this.remote = new MediaStream());
    this.#hungUp = false;
    for (const track of stream.getTracks()) pc.addTrack(track, stream);
    pc.ontrack = ({ track }) => remote.addTrack(track);
    pc.onconnectionstatechange = () => pc === this.peerConnection && this.#changed();
    if (ontext) {
      // Agreed on beforehand, so that it needs no offer of either side's.
      const texts = (this.#texts = pc.createDataChannel('text', { negotiated: true, id: 0 }));
      texts.onopen = texts.onclose = () => texts === this.#texts && !this.#closed && onchange();
      texts.onmessage = ({ data }) => typeof data === 'string' && ontext(data.slice(0, LONGEST_TEXT));
    }
    return pc;
  }

  #negotiate() {
    const { channel, onerror } = this.#options;
    const negotiation = negotiate(this.peerConnection, channel, { polite: !channel.initiator });
    negotiation.addEventListener('error', () => this.#closed || onerror());
    negotiation.addEventListener('restart', () => this.#restart());
    return negotiation;
  }

  #restart() {
    if (this.#closed) return;
    this.#negotiation.close();
    this.peerConnection.close();
    this.peerConnection = this.#connect();
    this.#negotiation = this.#negotiate();
    this.#options.onchange();
  }

  #changed() {
    if (this.state === 'connected') {
      this.connectedAt ||= Date.now();
      this.#watchTransport();
    }
    if (!this.#closed) this.#options.onchange();
  }

  /** A peer's goodbye closes DTLS at once, whereas ICE takes some fifteen seconds to notice the silence. */
  #watchTransport() {
    const pc = this.peerConnection;
    const transport = pc.getSenders()[0]?.transport;
    if (!transport) return;
    transport.onstatechange = () => {
      if (this.#closed || pc !== this.peerConnection || transport.state !== 'closed') return;
      this.#hungUp = true;
      this.#options.onchange();
    };
  }
}
