/**
 * What two pages say to each other over a data channel: frames as JSON text, a file's bytes between them as they are.
 *
 *   sender    {type:'file', id, name, size}   then, when it is wanted, its bytes, then   {type:'end', id, sha256}
 *   receiver  {type:'accept', id}   {type:'got', id, bytes}…   {type:'check', id, sha256}
 *   either    {type:'cancel', id}
 *
 * One file is under way at a time; ids count up. The channel keeps the order, so whatever bytes come belong to the last file.
 *
 * @typedef {{ type: string, id: number, name?: string, size?: number, bytes?: number, sha256?: string }} Frame
 * @typedef {object} Listener
 * @property {(frame: Frame) => void} onframe
 * @property {(bytes: ArrayBuffer) => void} [onbytes]
 */

/** What every browser takes in one message. */
export const CHUNK = 64 * 1024;
/** Enough to keep the line busy until the page is asked for more, little enough that a cancel is soon through. */
const HIGH = 1024 * 1024;
const LOW = 256 * 1024;

const LONGEST_FRAME = 8 * 1024;

export class Wire {
  #channel;
  /** @type {Set<() => void>} */
  #waiting = new Set();

  /** @param {RTCDataChannel} channel @param {Listener} listener */
  constructor(channel, { onframe, onbytes }) {
    this.#channel = channel;
    channel.binaryType = 'arraybuffer';
    channel.bufferedAmountLowThreshold = LOW;
    channel.onbufferedamountlow = () => this.#wake();
    channel.onmessage = ({ data }) => {
      if (typeof data !== 'string') return onbytes?.(data);
      const frame = parse(data);
      if (frame) onframe(frame);
    };
    channel.addEventListener('close', () => this.#wake());
  }

  get open() {
    return this.#channel.readyState === 'open';
  }

  /** @param {Frame} frame */
  say(frame) {
    if (this.open) this.#channel.send(JSON.stringify(frame));
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes  at most CHUNK of them; wait for `drained` first */
  push(bytes) {
    this.#channel.send(bytes);
  }

  /** Resolves when more may be pushed. @param {AbortSignal} signal */
  async drained(signal) {
    while (this.open && this.#channel.bufferedAmount > HIGH) await this.#woken(signal);
    signal.throwIfAborted();
  }

  #wake() {
    for (const go of this.#waiting) go();
    this.#waiting.clear();
  }

  /** @param {AbortSignal} signal @returns {Promise<void>} */
  #woken(signal) {
    signal.throwIfAborted();
    return new Promise((resolve) => {
      // A large file waits here thousands of times: the signal must not remember them all.
      const go = () => {
        signal.removeEventListener('abort', go);
        resolve();
      };
      this.#waiting.add(go);
      signal.addEventListener('abort', go);
    });
  }
}

const isCount = (/** @type {unknown} */ value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isDigest = (/** @type {unknown} */ value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);

/** What each frame must have besides its id. @type {Record<string, (frame: Frame) => boolean>} */
const SHAPES = {
  file: ({ name, size }) => typeof name === 'string' && isCount(size),
  accept: () => true,
  got: ({ bytes }) => isCount(bytes),
  end: ({ sha256 }) => isDigest(sha256),
  check: ({ sha256 }) => isDigest(sha256),
  cancel: () => true,
};

/** The other side may be anybody's program. @param {string} text @returns {Frame | null} */
export function parse(text) {
  if (text.length > LONGEST_FRAME) return null;
  try {
    const frame = JSON.parse(text);
    return isCount(frame?.id) && Object.hasOwn(SHAPES, frame.type) && SHAPES[frame.type](frame) ? frame : null;
  } catch {
    return null;
  }
}
