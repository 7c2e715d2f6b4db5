/**
 * The WebSocket to the server: it says hello, comes back after a cut, and knows when to stay away.
 *
 * @typedef {{ type: string, [field: string]: any }} Frame
 * @typedef {object} SignalingEvents
 * @property {(frame: Frame) => void} onframe  every frame but `pong`
 * @property {() => void} onlost  cut off; another attempt is on its way
 * @property {(code: number, reason: string) => void} onrefused  cut off for good
 */

const BACKOFF_BASE = 250;
const BACKOFF_CAP = 30_000;
/** A server that accepts and then hangs up at once must not be dialled at full speed: only a connection that stood resets the backoff. */
const STABLE_AFTER = 10_000;

const COME_BACK = new Set([1001, 1006, 1011, 1012, 1013]);

/** @param {number} code  a WebSocket close code */
const comesBack = (code) => COME_BACK.has(code) || (code >= 4000 && code <= 4399);

export class Signaling {
  #url;
  #events;
  /** @type {WebSocket | null} */
  #socket = null;
  #readyAt = 0;
  #attempt = 0;
  #heard = false;
  #heartbeat = 0;
  #pause = new AbortController();

  /** @param {string | URL} url @param {SignalingEvents} events */
  constructor(url, events) {
    this.#url = url;
    this.#events = events;
    this.#connect();
  }

  /** True from the server's `ready` until either side begins to close. */
  get ready() {
    return this.#readyAt > 0 && this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Drops the frame when nobody is there to hear it: what it was about ended with the socket. @param {Frame} frame */
  send(frame) {
    if (this.ready) this.#socket?.send(JSON.stringify(frame));
  }

  close() {
    this.#pause.abort();
    this.#abandon()?.close(1000);
  }

  #connect() {
    const socket = new WebSocket(this.#url);
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = ({ code, reason }) => this.#lost(code, reason);
    this.#socket = socket;
  }

  /** @param {string} text */
  #receive(text) {
    this.#heard = true;
    const frame = parse(text);
    if (!frame || frame.type === 'pong') return;
    if (frame.type === 'ready') {
      this.#readyAt = Date.now();
      if (frame.pingInterval > 0) this.#heartbeat = setInterval(() => this.#beat(), frame.pingInterval);
    }
    this.#events.onframe(frame);
  }

  /** The server's own pings are invisible to a page, and a dead network closes no socket for minutes: so the page asks too. */
  #beat() {
    if (!this.#heard) {
      this.#socket?.close();
      return this.#lost(1006, '');
    }
    this.#heard = false;
    this.send({ type: 'ping' });
  }

  /** @param {number} code @param {string} reason */
  #lost(code, reason) {
    const stood = this.#readyAt > 0 && Date.now() - this.#readyAt > STABLE_AFTER;
    this.#abandon();
    if (!comesBack(code)) return this.#events.onrefused(code, reason);
    if (stood) this.#attempt = 0;
    this.#comeBack();
    this.#events.onlost();
  }

  /** Lets go of the socket without waiting for its closing handshake, which a dead network never finishes. */
  #abandon() {
    const socket = this.#socket;
    if (socket) socket.onmessage = socket.onclose = null;
    clearInterval(this.#heartbeat);
    this.#socket = null;
    this.#readyAt = 0;
    return socket;
  }

  /** Full jitter, so that the clients of a restarted server do not return as one crowd. */
  #comeBack() {
    const delay = Math.random() * Math.min(BACKOFF_CAP, BACKOFF_BASE * 2 ** this.#attempt++);
    const { signal } = (this.#pause = new AbortController());
    const retry = () => {
      this.#pause.abort();
      this.#connect();
    };
    const timer = setTimeout(retry, delay);
    signal.addEventListener('abort', () => clearTimeout(timer));
    addEventListener('online', retry, { signal });
  }
}

/** @param {string} text @returns {Frame | null} */
function parse(text) {
  try {
    const frame = JSON.parse(text);
    return typeof frame?.type === 'string' ? frame : null;
  } catch {
    return null;
  }
}
