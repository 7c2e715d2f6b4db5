/**
 * Sends files over a wire, one after the other. Memory stays bounded: a block is read when the last is on its way, and no more
 * than a window lies between what was sent and what the other side has put away.
 *
 * @typedef {'queued' | 'asking' | 'moving' | 'checking' | 'done' | 'cancelled' | 'failed'} Phase
 * @typedef {object} Transfer
 * @property {number} id
 * @property {boolean} outgoing
 * @property {string} name
 * @property {number} size  in bytes
 * @property {number} bytes  that the receiver has put away
 * @property {Phase} phase
 * @property {string} sha256  empty until it is known
 * @property {string} why  a cause, in words, of `cancelled` and `failed`
 * @property {Blob | null} content  what has arrived, unless it went to the disk
 */

import { cleanName } from './names.js';
import { Digest } from './send-digest.js';
import * as words from './send-words.js';
import { CHUNK } from './send-wire.js';

/** What is read at once: enough to be quick, and a progress bar still moves. */
const BLOCK = 1024 * 1024;
const WINDOW = 8 * BLOCK;

const OVER = new Set(['done', 'cancelled', 'failed']);

/** @param {Transfer} transfer */
export const isOver = ({ phase }) => OVER.has(phase);

/** @param {number} id @param {boolean} outgoing @param {string} name @param {number} size @returns {Transfer} */
export const newTransfer = (id, outgoing, name, size) => ({
  id,
  outgoing,
  name: cleanName(name),
  size,
  bytes: 0,
  phase: 'queued',
  sha256: '',
  why: '',
  content: null,
});

export class Outgoing {
  /** @type {import('./send-wire.js').Wire | null} */
  #wire = null;
  #onchange;
  #nextId = 0;
  /** @type {{ file: File, transfer: Transfer }[]} */
  #queue = [];
  /** @type {{ transfer: Transfer, stop: AbortController, heard: (frame: import('./send-wire.js').Frame) => void } | null} */
  #current = null;
  #wake = () => {};

  /** @param {(transfer: Transfer) => void} onchange */
  constructor(onchange) {
    this.#onchange = onchange;
  }

  get idle() {
    return !this.#current && this.#queue.length === 0;
  }

  /** What waits sets out. @param {import('./send-wire.js').Wire} wire */
  attach(wire) {
    this.#wire = wire;
    this.#next();
  }

  /** @param {Iterable<File>} files */
  add(files) {
    for (const file of files) {
      const transfer = newTransfer((this.#nextId += 1), true, file.name, file.size);
      this.#queue.push({ file, transfer });
      this.#onchange(transfer);
    }
    this.#next();
  }

  /** @param {number} id */
  cancel(id) {
    const queued = this.#queue.findIndex(({ transfer }) => transfer.id === id);
    if (queued >= 0) {
      const [{ transfer }] = this.#queue.splice(queued, 1);
      return this.#change(transfer, { phase: 'cancelled', why: words.CANCELLED_HERE });
    }
    if (this.#current?.transfer.id !== id) return;
    this.#wire?.say({ type: 'cancel', id });
    this.#end('cancelled', words.CANCELLED_HERE);
  }

  /** @param {import('./send-wire.js').Frame} frame */
  hear(frame) {
    if (frame.id !== this.#current?.transfer.id) return;
    if (frame.type === 'cancel') this.#end('cancelled', words.CANCELLED_THERE);
    else this.#current.heard(frame);
  }

  /** The other side is gone. @param {string} why */
  close(why) {
    const queued = this.#queue.splice(0);
    this.#end('failed', why);
    for (const { transfer } of queued) this.#change(transfer, { phase: 'failed', why });
  }

  #next() {
    const wire = this.#wire;
    const next = wire?.open && !this.#current ? this.#queue.shift() : null;
    if (!wire || !next) return;
    const { file, transfer } = next;
    const stop = new AbortController();
    this.#current = { transfer, stop, heard: (frame) => this.#heard(transfer, frame) };
    this.#send(wire, file, transfer, stop.signal).catch(() => {
      // What stopped it has said so already. Anything else is the file: moved, changed or gone since it was chosen.
      if (stop.signal.aborted) return;
      wire.say({ type: 'cancel', id: transfer.id });
      this.#end('failed', words.UNREADABLE);
    });
  }

  /** @param {Transfer} transfer @param {import('./send-wire.js').Frame} frame */
  #heard(transfer, { type, bytes = 0, sha256 }) {
    if (type === 'accept' && transfer.phase === 'asking') this.#change(transfer, { phase: 'moving' });
    if (type === 'got' && bytes > transfer.bytes && bytes <= transfer.size) this.#change(transfer, { bytes });
    if (type === 'check' && transfer.phase === 'checking') {
      if (sha256 === transfer.sha256) this.#end('done', '');
      else this.#end('failed', words.DIFFERENT);
    }
    this.#wake();
  }

  /** @param {import('./send-wire.js').Wire} wire @param {File} file @param {Transfer} transfer @param {AbortSignal} signal */
  async #send(wire, file, transfer, signal) {
    const { id, name, size } = transfer;
    this.#change(transfer, { phase: 'asking' });
    wire.say({ type: 'file', id, name, size });
    const until = async (/** @type {() => boolean} */ condition) => {
      while (!condition()) await this.#heardMore(signal);
    };
    await until(() => transfer.phase === 'moving');

    const digest = new Digest();
    signal.addEventListener('abort', () => digest.close());
    let hashed = Promise.resolve();
    for (let at = 0; at < size; at += BLOCK) {
      await until(() => at - transfer.bytes < WINDOW);
      const block = await file.slice(at, at + BLOCK).arrayBuffer();
      for (let from = 0; from < block.byteLength; from += CHUNK) {
        await wire.drained(signal);
        wire.push(new Uint8Array(block, from, Math.min(CHUNK, block.byteLength - from)));
      }
      await hashed;
      signal.throwIfAborted();
      hashed = digest.add([block]);
    }
    const sha256 = await digest.end();
    signal.throwIfAborted();
    this.#change(transfer, { phase: 'checking', sha256 });
    wire.say({ type: 'end', id, sha256 });
  }

  /** @param {AbortSignal} signal @returns {Promise<void>} */
  async #heardMore(signal) {
    signal.throwIfAborted();
    await new Promise((resolve) => (this.#wake = () => resolve(undefined)));
    signal.throwIfAborted();
  }

  /** @param {Phase} phase @param {string} why */
  #end(phase, why) {
    const { transfer, stop } = this.#current ?? {};
    if (!transfer) return;
    this.#current = null;
    stop?.abort();
    this.#wake();
    this.#change(transfer, { phase, why });
    this.#next();
  }

  /** @param {Transfer} transfer @param {Partial<Transfer>} news */
  #change(transfer, news) {
    this.#onchange(Object.assign(transfer, news));
  }
}
