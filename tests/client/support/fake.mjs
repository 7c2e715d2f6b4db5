/** The server's place taken by the test: sockets that do what they are told, and time that stands still. */

import { mock } from 'node:test';
import { Meetpoint } from '../../../web/client/client.js';

export class FakeSocket {
  /** Of the client: the frames, in order. */
  heard = [];
  readyState = 0;
  bufferedAmount = 0;
  closedWith;

  constructor(url) {
    this.url = String(url);
  }

  send(text) {
    this.heard.push(JSON.parse(text));
  }

  close(code) {
    this.closedWith = code;
    this.readyState = 3;
  }

  open() {
    this.readyState = 1;
    this.onopen?.();
  }

  say(frame) {
    this.onmessage?.({ data: typeof frame === 'string' ? frame : JSON.stringify(frame) });
  }

  /** The socket closes; by default as when the network is cut. */
  cut(code = 1006, reason = '') {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }

  /** What was heard since the last time, without pings. */
  fresh() {
    return this.heard.splice(0).filter(({ type }) => type !== 'ping');
  }
}

export const ready = { type: 'ready', clientId: 'alice', pingInterval: 20_000, protocol: 1, features: ['match', 'rooms', 'resume'], resumeToken: 't1', resumeWindow: 30_000 };
export const resumed = (received, token = 't2') => ({ type: 'resumed', clientId: 'alice', resumeToken: token, received, resumeWindow: 30_000 });
export const pong = { type: 'pong' };

/** Lets everything happen that needs no time. */
export const settle = () => new Promise(setImmediate);

/** A page's events for the client; `document` says whether the page is visible. */
export function page(t) {
  const target = new EventTarget();
  const names = { addEventListener: target.addEventListener.bind(target), removeEventListener: target.removeEventListener.bind(target), document: { visibilityState: 'visible' } };
  for (const name of Object.keys(names)) Object.defineProperty(globalThis, name, { value: names[name], configurable: true, writable: true });
  t.after(() => Object.keys(names).forEach((name) => delete globalThis[name]));
  return { fire: (type) => target.dispatchEvent(new Event(type)), document: names.document };
}

/** Like sessionStorage. */
export function storage() {
  const items = new Map();
  return { items, getItem: (key) => items.get(key) ?? null, setItem: (key, value) => void items.set(key, String(value)), removeItem: (key) => void items.delete(key) };
}

/** @param {import('node:test').TestContext} t */
export function stage(t) {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: 1_000_000 });
  const random = mock.method(Math, 'random', () => 0.5);
  t.after(() => {
    random.mock.restore();
    mock.timers.reset();
  });
  const sockets = [];
  class WebSocket extends FakeSocket {
    constructor(url) {
      super(url);
      sockets.push(this);
    }
  }
  const world = {
    sockets,
    WebSocket,
    random: (value) => random.mock.mockImplementation(() => value),
    get socket() {
      return sockets.at(-1);
    },
    /** In small steps: a timer that a timer sets must start when that one rang. */
    async pass(ms) {
      const step = ms > 60_000 ? ms : 5;
      for (let left = ms; left >= 0; left -= step) mock.timers.tick(Math.min(left, step));
      await settle();
    },
    /** Waits for the next socket. @returns {Promise<number>} for how long */
    async redial() {
      const count = sockets.length;
      let waited = 0;
      for (; sockets.length === count; waited += 25) await world.pass(25);
      return waited;
    },
    /** A client, and all that it fires. */
    async client(url = 'wss://example.org/ws', options = {}) {
      const client = new Meetpoint(url, { WebSocket, ...options });
      const states = [];
      const errors = [];
      client.addEventListener('statechange', ({ state, previous, code, reason, resumed }) =>
        states.push(JSON.parse(JSON.stringify({ state, previous, code, reason, resumed }))),
      );
      client.addEventListener('error', ({ frame }) => errors.push(frame));
      t.after(() => client.close());
      await settle();
      return { client, states, errors };
    },
    /** Opens the latest socket and greets. */
    async greet(greeting = ready) {
      const { socket } = world;
      socket.open();
      socket.hello = socket.heard.shift();
      socket.say(greeting);
      await settle();
      return socket;
    },
    /** A client that has been greeted. */
    async connected(options, greeting) {
      const it = await world.client(undefined, options);
      const socket = await world.greet(greeting);
      return { ...it, socket };
    },
  };
  return world;
}
