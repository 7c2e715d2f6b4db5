/**
 * One session: who this client is on it, and both directions, counted as the server counts them. What this side said is
 * kept until a pong to a later ping, or the server's own count after a cut, proves that it was read.
 * As plain fields, so that it can be saved.
 */

const MAX_CHARS = 1 << 20;

export class Log {
  clientId = '';
  /** @type {readonly string[]} */
  features = [];
  /** To come back with; '' when the server does not offer that. */
  token = '';
  /** In milliseconds. */
  pingInterval = 20_000;
  /** Frames said on this session. */
  sent = 0;
  /** Frames heard on this session. */
  received = 0;
  /** The last ones said. @type {string[]} */
  kept = [];
  /** Of those. */
  chars = 0;
  /** Numbers of the pings that wait for their pong. @type {number[]} */
  pings = [];
  lastPing = 0;

  #max;

  /** @param {number} max  frames to keep @param {Partial<Log>} [saved] */
  constructor(max, saved) {
    this.#max = max;
    Object.assign(this, saved);
  }

  get full() {
    return this.kept.length >= this.#max || this.chars >= MAX_CHARS;
  }

  /** Whether it is time to ask what has been read. */
  get crowded() {
    return Math.min(this.kept.length, this.sent - this.lastPing) >= this.#max / 4;
  }

  /** @param {string} text @param {boolean} keep @returns {number} its number */
  say(text, keep) {
    if (keep) {
      this.kept.push(text);
      this.chars += text.length;
    }
    return ++this.sent;
  }

  /** What is said next is a ping. @returns {number} its number */
  pinged() {
    this.lastPing = this.sent + 1;
    this.pings.push(this.lastPing);
    return this.lastPing;
  }

  /** A pong answers the oldest ping. @returns {number} up to where all was read */
  pong() {
    const read = this.pings.shift() ?? 0;
    this.forget(read);
    return read;
  }

  /** All up to this number was read. @param {number} read */
  forget(read) {
    const known = this.kept.length - this.sent + read;
    for (const text of this.kept.splice(0, Math.max(0, known))) this.chars -= text.length;
  }
}
