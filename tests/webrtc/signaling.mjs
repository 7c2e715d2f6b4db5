/** What a client says to the server: over HTTP to exchange a short code for a room, then over a WebSocket to the other side of that room. */

import { on, once } from 'node:events';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { WebSocket } from 'ws';

/**
 * @typedef {object} Server
 * @property {string} url  its origin, `https://…`
 * @property {Buffer | string} [ca]  the certificate to trust, in PEM, where the system's do not vouch for the server
 */

/** @param {Server} server @returns {Promise<{ appID: string, code: string, expiresAt: string }>} a room, and the code that leads to it once */
export const mint = (server) => post(server, '/rendezvous/code', {});

/** @param {Server} server @param {string} code @returns {Promise<{ appID: string, expiresAt: string }>} the room that the code leads to */
export const redeem = (server, code) => post(server, '/rendezvous/redeem', { code });

/** One of the two sides of a room. */
export class Signaling {
  #socket;
  /** What the server and the other side say, in order: an async iterable that ends with the connection. */
  frames;
  /** How the connection ended, once it has: the close code and its reason. */
  end = '';

  /** @param {Server} server @param {string} appID @param {'A' | 'B'} side */
  static async join(server, appID, side) {
    const url = new URL(`/ws?${new URLSearchParams({ appID, side })}`, server.url);
    url.protocol = 'wss:';
    const socket = new WebSocket(url, { ca: server.ca });
    const signaling = new Signaling(socket);
    await once(socket, 'open');
    // The server keeps its words back until a client has spoken, so that none is lost on one that does not listen yet.
    signaling.say({ type: 'hello' });
    return signaling;
  }

  /** @param {WebSocket} socket */
  constructor(socket) {
    this.#socket = socket;
    socket.once('close', (code, reason) => (this.end = `${code} ${reason}`.trim()));
    this.frames = parsed(on(socket, 'message', { close: ['close'] }));
  }

  /** @param {{ type: string, [field: string]: unknown }} frame */
  say(frame) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  /** Gives the side free for others. */
  async leave() {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = once(this.#socket, 'close');
    this.#socket.close(1000);
    await closed;
  }
}

async function* parsed(messages) {
  for await (const [data] of messages) yield JSON.parse(data);
}

async function post(server, path, body) {
  const call = request(new URL(path, server.url), { method: 'POST', ca: server.ca, headers: { 'Content-Type': 'application/json' } });
  call.end(JSON.stringify(body));
  const [response] = await once(call, 'response');
  const answer = await text(response);
  if (response.statusCode !== 200) throw new Error(`${path}: ${response.statusCode} ${answer.trim()}`);
  return JSON.parse(answer);
}
