/**
 * One match: the RTCPeerConnection to one partner, from `matched` until it is closed.
 *
 * Exactly one side, the initiator, ever makes offers, so two offers never meet. Frames are worked through one
 * after the other: a candidate can then never overtake the description it belongs to.
 *
 * @typedef {import('./signaling.js').Frame} Frame
 * @typedef {object} CallOptions
 * @property {string} partnerId
 * @property {boolean} initiator
 * @property {MediaStream} stream  what the partner is to see and hear
 * @property {RTCIceServer[]} iceServers
 * @property {(frame: Frame) => void} send
 * @property {() => void} onchange  `state` has changed
 * @property {() => void} onerror  the partner's description was of no use
 */

export class Call {
  partnerId;
  initiator;
  peerConnection;
  /** What the partner sends. */
  remote = new MediaStream();
  /** When the connection stood first. */
  connectedAt = 0;

  #send;
  #onchange;
  #onerror;
  #hungUp = false;
  #closed = false;
  /** @type {RTCIceCandidateInit[]} candidates that came before the remote description */
  #early = [];
  /** @type {Promise<void>} */
  #work = Promise.resolve();

  /** @param {CallOptions} options */
  constructor({ partnerId, initiator, stream, iceServers, send, onchange, onerror }) {
    this.partnerId = partnerId;
    this.initiator = initiator;
    this.#send = send;
    this.#onchange = onchange;
    this.#onerror = onerror;

    const pc = (this.peerConnection = new RTCPeerConnection({ iceServers }));
    for (const track of stream.getTracks()) pc.addTrack(track, stream);
    pc.ontrack = ({ track }) => this.remote.addTrack(track);
    pc.onicecandidate = ({ candidate }) => candidate && this.#say({ type: 'ice', candidate });
    pc.onconnectionstatechange = () => this.#changed();
    if (initiator) this.#enqueue(() => this.#describe());
  }

  /** The connection's, but `closed` when the partner hung up and ICE has not noticed yet. */
  get state() {
    const { connectionState } = this.peerConnection;
    return this.#hungUp && connectionState === 'connected' ? 'closed' : connectionState;
  }

  /** Takes an `offer`, `answer` or `ice` of this partner. @param {Frame} frame */
  receive(frame) {
    if (frame.type === 'ice') this.#enqueue(() => this.#candidate(frame.candidate));
    else if (frame.type === (this.initiator ? 'answer' : 'offer')) this.#enqueue(() => this.#accept(frame));
  }

  close() {
    this.#closed = true;
    this.peerConnection.onconnectionstatechange = null;
    this.peerConnection.close();
  }

  /** @param {() => Promise<void>} step */
  #enqueue(step) {
    this.#work = this.#work.then(step).catch(() => {
      if (!this.#closed) this.#onerror();
    });
  }

  /** A step that was under way when the call ended must not speak to the next partner. @param {Frame} frame */
  #say(frame) {
    if (!this.#closed) this.#send(frame);
  }

  /** Without an argument setLocalDescription makes what the moment asks for: an offer, or the answer to one. */
  async #describe() {
    const pc = this.peerConnection;
    await pc.setLocalDescription();
    if (pc.localDescription) this.#say({ type: pc.localDescription.type, sdp: pc.localDescription });
  }

  /** @param {Frame} frame */
  async #accept({ type, sdp }) {
    // Some clients send the whole description, others its text. The type is the frame's: a partner must not be able to roll us back.
    const description = { type: /** @type {RTCSdpType} */ (type), sdp: sdp?.sdp ?? sdp };
    await this.peerConnection.setRemoteDescription(description);
    if (type === 'offer') await this.#describe();
    for (const candidate of this.#early.splice(0)) await this.#candidate(candidate);
  }

  /** @param {RTCIceCandidateInit} candidate */
  async #candidate(candidate) {
    if (!this.peerConnection.remoteDescription) this.#early.push(candidate);
    // One candidate that this browser cannot use (an unknown transport, a restart's leftover) costs nothing: others follow.
    else await this.peerConnection.addIceCandidate(candidate).catch(() => {});
  }

  #changed() {
    if (this.state === 'connected' && !this.connectedAt) {
      this.connectedAt = Date.now();
      this.#watchTransport();
    }
    if (this.state === 'failed' && this.initiator) {
      this.peerConnection.restartIce();
      this.#enqueue(() => this.#describe());
    }
    this.#onchange();
  }

  /** A partner's goodbye closes DTLS at once, whereas ICE takes some fifteen seconds to notice the silence. */
  #watchTransport() {
    const transport = this.peerConnection.getSenders()[0]?.transport;
    transport?.addEventListener('statechange', () => {
      if (this.#closed || transport.state !== 'closed') return;
      this.#hungUp = true;
      this.#onchange();
    });
  }
}
