/**
 * SHA-256 (FIPS 180-4) of what comes in pieces. The browser's own takes everything at once, and only on secure pages.
 */

const BLOCK = 64;

/** The first 32 bits of the fractional parts of the square roots of the first eight primes. */
const START = roots(8, (prime) => Math.sqrt(prime));
/** The same of the cube roots of the first 64. */
const ROUND = roots(64, (prime) => Math.cbrt(prime));

export class Sha256 {
  #state = START.slice();
  #words = new Int32Array(BLOCK);
  /** What is left of the last piece. */
  #rest = new Uint8Array(BLOCK);
  #held = 0;
  #length = 0;

  /** @param {Uint8Array} piece */
  update(piece) {
    this.#length += piece.length;
    let at = 0;
    if (this.#held > 0) {
      at = Math.min(BLOCK - this.#held, piece.length);
      this.#rest.set(piece.subarray(0, at), this.#held);
      this.#held += at;
      if (this.#held < BLOCK) return this;
      this.#compress(this.#rest, 0);
      this.#held = 0;
    }
    for (; at + BLOCK <= piece.length; at += BLOCK) this.#compress(piece, at);
    this.#rest.set(piece.subarray(at));
    this.#held = piece.length - at;
    return this;
  }

  /** Nothing can be added afterwards. @returns {string} 64 hexadecimal digits */
  digest() {
    const length = this.#length;
    const padding = new Uint8Array(1 + ((BLOCK + 55 - (length % BLOCK)) % BLOCK) + 8);
    padding[0] = 0x80;
    const bits = new DataView(padding.buffer, padding.length - 8);
    bits.setUint32(0, Math.floor(length / 2 ** 29));
    bits.setUint32(4, (length % 2 ** 29) * 8);
    this.update(padding);
    return Array.from(this.#state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }

  /** @param {Uint8Array} bytes @param {number} from */
  #compress(bytes, from) {
    const w = this.#words;
    const k = ROUND;
    for (let i = 0, at = from; i < 16; i += 1, at += 4) {
      w[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
    }
    for (let i = 16; i < 64; i += 1) {
      const x = w[i - 15];
      const y = w[i - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = (((w[i - 16] + s0) | 0) + ((w[i - 7] + s1) | 0)) | 0;
    }
    const s = this.#state;
    let a = s[0];
    let b = s[1];
    let c = s[2];
    let d = s[3];
    let e = s[4];
    let f = s[5];
    let g = s[6];
    let h = s[7];
    for (let i = 0; i < 64; i += 1) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (((h + s1) | 0) + (((g ^ (e & (f ^ g))) + k[i]) | 0) + w[i]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) | (c & (a | b)))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    s[0] += a;
    s[1] += b;
    s[2] += c;
    s[3] += d;
    s[4] += e;
    s[5] += f;
    s[6] += g;
    s[7] += h;
  }
}

/** @param {number} count @param {(prime: number) => number} root */
function roots(count, root) {
  const found = new Int32Array(count);
  for (let n = 2, i = 0; i < count; n += 1) {
    if (isPrime(n)) found[i++] = (root(n) % 1) * 2 ** 32;
  }
  return found;
}

/** @param {number} n */
function isPrime(n) {
  for (let divisor = 2; divisor * divisor <= n; divisor += 1) if (n % divisor === 0) return false;
  return true;
}
