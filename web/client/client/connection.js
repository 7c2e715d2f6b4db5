/**
 * A WebSocket that comes back: backoff, several addresses, close codes, sleeping pages and dead networks.
 * What is said on it is none of its business, except that somebody calls `up` when the server has greeted.
 *
 * @typedef {'connecting' | 'connected' | 'disconnected' | 'suspended' | 'closed' | 'failed'} State
 * @typedef {object} StateChange
 * @property {State} state
 * @property {State} previous
 * @property {number} [code]  of the close that led here; 1006 for a cut
 * @property {string} [reason]
 * @property {boolean} [resumed]  on `connected`: whether the session went on
 *
 * @typedef {string | URL} Address
 * @typedef {typeof globalThis.WebSocket} SocketClass
 * @typedef {object} ConnectionEvents
 * @property {() => void} onopen
 * @property {(text: string) => void} ontext
 * @property {() => void} [onping]  the server shall show that it lives
 * @property {(change: StateChange) => void} onstate
 * @property {() => void} [onpagehide]
 */

/** Full jitter, in milliseconds: the clients of a restarted server do not return as one crowd. */
const BACKOFF_BASE = 250;
const BACKOFF_CAP = 30_000;
/** From a ping to any word. */
const PONG_PATIENCE = 8_000;

/** @param {number} code */
const comesBack = (code) => /^(100[16]|101[123]|4[0-3]..)$/.test(String(code));

export class Connection {
  /** @type {State} */
  state = 'connecting';
  /** How long without a connection is long, in milliseconds. */
  suspendAfter = 120_000;

  /** Which of the addresses. */
  at = 0;

  /** The next dial is not before this time: so said a server that is about to end. */
  notBefore = 0;

  #urls;
  #WebSocket;
  #events;
  /** @type {WebSocket | null} */
  #socket = null;
  #attempt = 0;
  #upAt = 0;
  #heard = false;
  #pingInterval = 0;
  /** The next attempt, the end of patience with this one, or the next ping: never two of them. @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #suspension;
  #over = new AbortController();

  /**
   * @param {Address | Address[]} addresses
   * @param {Record<string, string>} query  put into each of them
   * @param {{ WebSocket?: SocketClass, signal?: AbortSignal }} options
   * @param {ConnectionEvents} events
   */
  constructor(addresses, query, { WebSocket = globalThis.WebSocket, signal }, events) {
    this.#urls = [addresses].flat().map((address) => {
      const url = new URL(address, globalThis.location?.href);
      url.protocol = url.protocol.replace('http', 'ws');
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      return url;
    });
    this.#WebSocket = WebSocket;
    this.#events = events;

    const over = { signal: this.#over.signal };
    for (const type of ['online', 'pageshow', 'visibilitychange', 'pagehide']) globalThis.addEventListener?.(type, () => this.#wake(type), over);
    signal?.addEventListener('abort', () => this.end(), over);
    // Not at once: there is time to listen, and what is closed again in the same turn never dials.
    queueMicrotask(() => (signal?.aborted ? this.end() : this.#dial()));
  }

  get over() {
    return this.#over.signal.aborted;
  }

  /** Bytes that wait in this machine. */
  get buffered() {
    return this.#socket?.bufferedAmount ?? 0;
  }

  /** Does nothing without a connection. @param {string} text */
  send(text) {
    if (this.#socket?.readyState === 1) this.#socket.send(text);
  }

  /**
   * The server has greeted.
   * @param {{ resumed?: boolean }} [fields]  of the event
   * @param {number} [pingInterval]  in milliseconds; 0: there is no ping on this wire
   */
  up(fields, pingInterval = 0) {
    clearTimeout(this.#timer);
    clearTimeout(this.#suspension);
    this.#suspension = undefined;
    this.#upAt = Date.now();
    this.#pingInterval = pingInterval;
    if (pingInterval) this.#timer = setTimeout(() => this.#ping(), pingInterval);
    this.#enter('connected', fields);
  }

  /** Hangs up, such that the session stays, until the page shows again. */
  rest() {
    this.#abandon();
    this.#enter('disconnected');
  }

  #dial() {
    if (this.over) return;
    this.#abandon();
    // From the dial to the greeting.
    this.#timer = setTimeout(() => this.lost('no answer'), 15_000);
    try {
      const socket = (this.#socket = new this.#WebSocket(this.#urls[this.at]));
      socket.onopen = () => this.#events.onopen();
      socket.onmessage = ({ data }) => {
        this.#heard = true;
        this.#events.ontext(data);
      };
      socket.onclose = ({ code, reason }) => this.lost(reason, code);
      // What follows an error is a close; but some implementations throw errors that nobody listens to.
      socket.onerror = () => {};
    } catch (error) {
      this.end('failed', { reason: String(error) });
    }
  }

  /** Gives this connection up; whether for another one, its close code tells. @param {string} reason @param {number} [code] */
  lost(reason, code = 1006) {
    const upAt = this.#upAt;
    this.#abandon();
    if (!comesBack(code)) return this.end('failed', { code, reason });
    // The session is where it was: another address is worth a try only after this one did not answer, or goes out of service.
    if ((!upAt || code === 1001) && globalThis.navigator?.onLine !== false) this.at = (this.at + 1) % this.#urls.length;
    // A server that greets and hangs up at once must not be dialled at full speed.
    if (upAt && Date.now() - upAt > 5_000) this.#attempt = 0;
    const delay = Math.random() * Math.min(BACKOFF_CAP, BACKOFF_BASE * 2 ** this.#attempt++);
    this.#timer = setTimeout(() => this.#dial(), Math.max(this.notBefore - Date.now() || 0, delay));
    this.#suspension ??= setTimeout(() => this.#enter('suspended'), this.suspendAfter);
    if (this.state !== 'suspended') this.#enter('disconnected', { code, reason });
  }

  /** @param {string} type  of the event that says so */
  #wake(type) {
    if (type === 'pagehide') return this.#events.onpagehide?.();
    if (globalThis.document?.visibilityState === 'hidden') return;
    // What was dialled without a network may wait for long.
    if (!this.#socket || (type === 'online' && !this.#upAt)) this.#dial();
    else if (this.#upAt && this.#pingInterval) this.#ping();
  }

  /** The server's own pings are invisible to a page, and a dead network closes no socket for minutes: so the client asks too. */
  #ping() {
    clearTimeout(this.#timer);
    const patience = Math.min(PONG_PATIENCE, this.#pingInterval);
    this.#heard = false;
    this.#events.onping?.();
    const due = Date.now() + patience;
    this.#timer = setTimeout(() => {
      if (this.#heard) this.#timer = setTimeout(() => this.#ping(), this.#pingInterval - patience);
      // A timer that rings far too late tells of a frozen page, not of a dead network.
      else if (Date.now() - due > 1_000) this.#ping();
      else this.lost('silent');
    }, patience);
  }

  /** Lets go of the socket without waiting for its closing handshake, which a dead network never finishes. */
  #abandon(code = 4000) {
    const socket = this.#socket;
    this.#socket = null;
    this.#upAt = 0;
    clearTimeout(this.#timer);
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(code);
  }

  /** For good. @param {State} [state] @param {Partial<StateChange>} [fields] */
  end(state = 'closed', fields) {
    if (this.over) return;
    this.#over.abort();
    this.#abandon(1000);
    clearTimeout(this.#suspension);
    this.#enter(state, fields);
  }

  /** @param {State} state @param {Partial<StateChange>} [fields] */
  #enter(state, fields) {
    const previous = this.state;
    this.state = state;
    if (state !== previous) this.#events.onstate({ state, previous, ...fields });
  }
}
