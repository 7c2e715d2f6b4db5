/**
 * Receives files over a wire. Bytes are put away a block at a time, on the disk or in a blob, which browsers keep out of the
 * page's memory; what has been put away is told to the sender, who waits for it.
 *
 * @typedef {import('./send-outgoing.js').Transfer} Transfer
 */

import { Digest } from './send-digest.js';
import { isOver, newTransfer } from './send-outgoing.js';
import * as words from './send-words.js';

const BLOCK = 1024 * 1024;

/** Blobs may be large, but they take the space twice when they are saved: from here on browsers that can write to the disk at once. */
const LARGE = 512 * BLOCK;

const canWrite = () => 'showSaveFilePicker' in window;

export class Incoming {
  /** From which size on people are asked where a file shall lie, in bytes. */
  large = LARGE;

  #wire;
  #onchange;
  /** @type {Transfer | null} */
  #transfer = null;
  /** @type {Digest | null} */
  #digest = null;
  /** @type {FileSystemWritableFileStream | null} */
  #disk = null;
  /** @type {Blob[]} */
  #parts = [];
  /** @type {ArrayBuffer[]} what is not put away yet */
  #pile = [];
  #piled = 0;
  #received = 0;
  /** @type {Promise<void>} */
  #work = Promise.resolve();

  /** @param {import('./send-wire.js').Wire} wire @param {(transfer: Transfer) => void} onchange */
  constructor(wire, onchange) {
    this.#wire = wire;
    this.#onchange = onchange;
  }

  get idle() {
    return !this.#transfer;
  }

  /** @param {import('./send-wire.js').Frame} frame */
  hear({ type, id, name = '', size = 0, sha256 = '' }) {
    if (type === 'file' && !this.#transfer) return this.#announced(newTransfer(id, false, name, size));
    if (id !== this.#transfer?.id) return;
    if (type === 'cancel') this.#end('cancelled', words.CANCELLED_THERE);
    if (type === 'end') this.#complete(this.#transfer, sha256);
  }

  /** @param {ArrayBuffer} bytes */
  take(bytes) {
    const transfer = this.#transfer;
    // What was under way when it was cancelled.
    if (transfer?.phase !== 'moving') return;
    this.#received += bytes.byteLength;
    if (this.#received > transfer.size) return this.#fail(transfer, words.TOO_LONG);
    this.#pile.push(bytes);
    this.#piled += bytes.byteLength;
    if (this.#piled >= BLOCK || this.#received === transfer.size) this.#putAway(transfer);
  }

  /** Asks where the file shall lie: browsers allow it only while a person presses something. @param {number} id */
  async save(id) {
    const transfer = this.#transfer;
    if (transfer?.id !== id || transfer.phase !== 'asking') return;
    try {
      // @ts-ignore: not in every browser
      const handle = await window.showSaveFilePicker({ suggestedName: transfer.name });
      this.#disk = await handle.createWritable();
    } catch (fault) {
      // Dismissed: the question stays.
      if (/** @type {DOMException} */ (fault).name !== 'AbortError') this.#fail(transfer, words.UNWRITABLE);
      return;
    }
    if (this.#transfer === transfer) this.#accept(transfer);
    else await this.#disk?.abort();
  }

  /** @param {number} id */
  cancel(id) {
    if (this.#transfer?.id !== id) return;
    this.#wire.say({ type: 'cancel', id });
    this.#end('cancelled', words.CANCELLED_HERE);
  }

  /** The other side is gone. @param {string} why */
  close(why) {
    this.#end('failed', why);
  }

  /** @param {Transfer} transfer */
  #announced(transfer) {
    this.#transfer = transfer;
    if (transfer.size >= this.large && canWrite()) this.#change(transfer, { phase: 'asking' });
    else this.#accept(transfer);
  }

  /** @param {Transfer} transfer */
  #accept(transfer) {
    this.#digest = new Digest();
    this.#received = 0;
    this.#work = Promise.resolve();
    this.#change(transfer, { phase: 'moving' });
    this.#wire.say({ type: 'accept', id: transfer.id });
  }

  /** @param {Transfer} transfer */
  #putAway(transfer) {
    const [pile, count] = [this.#pile, this.#piled];
    [this.#pile, this.#piled] = [[], 0];
    const part = new Blob(pile);
    const hashed = this.#digest?.add(pile);
    const disk = this.#disk;
    if (!disk) this.#parts.push(part);
    this.#step(transfer, async () => {
      await Promise.all([hashed, disk?.write(part)]);
      if (isOver(transfer)) return;
      this.#change(transfer, { bytes: transfer.bytes + count });
      this.#wire.say({ type: 'got', id: transfer.id, bytes: transfer.bytes });
    });
  }

  /** @param {Transfer} transfer @param {string} theirs  the sender's checksum */
  #complete(transfer, theirs) {
    if (transfer.phase !== 'moving') return;
    if (this.#received < transfer.size) return this.#fail(transfer, words.TOO_SHORT);
    this.#change(transfer, { phase: 'checking' });
    this.#step(transfer, async () => {
      const sha256 = (await this.#digest?.end()) ?? '';
      if (isOver(transfer)) return;
      await this.#disk?.close();
      if (isOver(transfer)) return;
      const content = this.#disk ? null : new Blob(this.#parts);
      this.#disk = null;
      transfer.sha256 = sha256;
      this.#wire.say({ type: 'check', id: transfer.id, sha256 });
      if (sha256 !== theirs) return this.#end('failed', words.DIFFERENT);
      transfer.content = content;
      this.#end('done', '');
    });
  }

  /** One after the other, as long as there is anything to do for it. @param {Transfer} transfer @param {() => Promise<void>} step */
  #step(transfer, step) {
    const unlessOver = () => (isOver(transfer) ? undefined : step());
    this.#work = this.#work.then(unlessOver).catch(() => {
      if (!isOver(transfer)) this.#fail(transfer, words.UNWRITABLE);
    });
  }

  /** @param {Transfer} transfer @param {string} why */
  #fail(transfer, why) {
    this.#wire.say({ type: 'cancel', id: transfer.id });
    this.#end('failed', why);
  }

  /** @param {import('./send-outgoing.js').Phase} phase @param {string} why */
  #end(phase, why) {
    const transfer = this.#transfer;
    if (!transfer) return;
    this.#transfer = null;
    this.#digest?.close();
    // What was written so far is thrown away with it.
    this.#disk?.abort().catch(() => {});
    [this.#digest, this.#disk, this.#parts, this.#pile, this.#piled] = [null, null, [], [], 0];
    this.#change(transfer, { phase, why });
  }

  /** @param {Transfer} transfer @param {Partial<Transfer>} news */
  #change(transfer, news) {
    this.#onchange(Object.assign(transfer, news));
  }
}
