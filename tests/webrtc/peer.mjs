/** From two sides that can signal to a data channel between them. */

import { on, once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import wrtc from '@roamhq/wrtc';

/** What may wait in the channel before its sender waits, in bytes. */
const HIGH_WATER = 1024 * 1024;
/** How often a waiting sender looks, in ms. A browser says `bufferedamountlow` instead; this implementation of WebRTC never does. */
const LOOK_EVERY = 2;

/** A WebRTC connection to whoever is on the other side of the room. The one on side A offers. */
export class Peer {
  #connection = new wrtc.RTCPeerConnection();
  #signaling;
  #side;
  #told = false;
  /** @type {(channel: Channel) => void} */
  #opened;
  /**
   * The channel to the other one, as soon as it is open. Fails when the signaling ends or the connection fails before.
   * @type {Promise<Channel>}
   */
  channel;

  /** @param {import('./signaling.mjs').Signaling} signaling @param {'A' | 'B'} side */
  constructor(signaling, side) {
    this.#signaling = signaling;
    this.#side = side;
    this.channel = new Promise((resolve, reject) => {
      this.#opened = resolve;
      this.#negotiate().then(() => reject(new Error(`the signaling ended: ${signaling.end}`)), reject);
      this.#connection.onconnectionstatechange = () => {
        if (this.#connection.connectionState === 'failed') reject(new Error('there is no way to the other side'));
      };
    });
    // The candidate null says that there will be no more.
    this.#connection.onicecandidate = ({ candidate }) => this.#signaling.say({ type: 'ice', cand: candidate && candidate.toJSON() });
    this.#connection.ondatachannel = ({ channel }) => this.#use(channel);
    this.#connection.oniceconnectionstatechange = () => this.#tell();
  }

  close() {
    this.#connection.close();
  }

  async #negotiate() {
    const connection = this.#connection;
    for await (const frame of this.#signaling.frames) {
      switch (frame.type) {
        case 'room_full':
          // Also said again, when the other side came back.
          if (this.#side === 'A' && connection.signalingState === 'stable' && !connection.remoteDescription) {
            this.#use(connection.createDataChannel('file'));
            await this.#describe(await connection.createOffer());
          }
          break;
        case 'offer':
          await connection.setRemoteDescription(frame.sdp);
          await this.#describe(await connection.createAnswer());
          break;
        case 'answer':
          await connection.setRemoteDescription(frame.sdp);
          break;
        case 'ice':
          // The descriptions name no last candidate, and need none.
          if (frame.cand) await connection.addIceCandidate(frame.cand);
          break;
        case 'error':
          throw new Error(`${frame.code}: ${frame.message}`);
      }
    }
  }

  /** Says the description before it sets it, because candidates come of setting it, and must come behind it. */
  async #describe(description) {
    this.#signaling.say({ type: description.type, sdp: description });
    await this.#connection.setLocalDescription(description);
  }

  #use(dataChannel) {
    const channel = new Channel(dataChannel);
    if (dataChannel.readyState === 'open') this.#opened(channel);
    else dataChannel.addEventListener('open', () => this.#opened(channel), { once: true });
  }

  #tell() {
    const state = this.#connection.iceConnectionState;
    if (this.#told || !['connected', 'completed', 'failed'].includes(state)) return;
    this.#told = true;
    this.#signaling.say({ type: 'telemetry', event: state === 'failed' ? 'ice-failed' : 'ice-connected', mode: 'p2p' });
  }
}

/** A data channel whose sender waits while the other end is slower, and of whose messages none is missed. */
export class Channel {
  #channel;
  #closed;
  /** What the other end says, in order: strings, and bytes as `ArrayBuffer`. An async iterator that ends with the channel. */
  messages;

  /** @param {RTCDataChannel} channel */
  constructor(channel) {
    channel.binaryType = 'arraybuffer';
    this.#channel = channel;
    this.#closed = once(channel, 'close');
    this.messages = datas(on(channel, 'message', { close: ['close'] }));
  }

  /** @param {string | Uint8Array} message */
  async send(message) {
    while (this.#channel.bufferedAmount > HIGH_WATER && this.#channel.readyState === 'open') await setTimeout(LOOK_EVERY);
    this.#channel.send(message);
  }

  /** Closes both ends, behind what was sent before. */
  async close() {
    this.#channel.close();
    await this.#closed;
  }
}

async function* datas(events) {
  for await (const [{ data }] of events) yield data;
}
