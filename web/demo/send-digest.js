/**
 * SHA-256 that is worked out in a thread of its own. There is one thread for all, from the beginning on: when it is needed, the
 * server that its code comes from may be gone.
 */

const worker = new Worker(new URL('./sha256-worker.js', import.meta.url), { type: 'module' });

/** @type {{ resolve: (answer: any) => void, reject: (fault: Error) => void }[]} who waits for an answer, in order */
const waiting = [];
let broken = false;
let lastId = 0;

worker.onmessage = ({ data }) => waiting.shift()?.resolve(data);
worker.onerror = () => {
  broken = true;
  for (const { reject } of waiting.splice(0)) reject(new Error('The checksum cannot be worked out'));
};

export class Digest {
  #id = (lastId += 1);
  #ended = false;

  /** Takes the buffers away. Resolves when they are hashed. @param {ArrayBuffer[]} buffers @returns {Promise<void>} */
  add(buffers) {
    return ask({ id: this.#id, buffers }, buffers);
  }

  /** @returns {Promise<string>} 64 hexadecimal digits */
  end() {
    this.#ended = true;
    return ask({ id: this.#id }, []);
  }

  /** Forgets what was added, unless the end was reached. */
  close() {
    if (!this.#ended) this.end().catch(() => {});
  }
}

/** @param {{ id: number, buffers?: ArrayBuffer[] }} question @param {Transferable[]} taken @returns {Promise<any>} */
function ask(question, taken) {
  if (broken) return Promise.reject(new Error('The checksum cannot be worked out'));
  return new Promise((resolve, reject) => {
    waiting.push({ resolve, reject });
    worker.postMessage(question, taken);
  });
}
