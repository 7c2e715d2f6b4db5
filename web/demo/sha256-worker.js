/** Hashes away from the page, which stays smooth. Of each content: buffers are added, then the digest is asked for, or it is dropped. */

import { Sha256 } from './sha256.js';

/** @type {Map<number, Sha256>} */
const hashes = new Map();

onmessage = ({ data: { id, buffers } }) => {
  const hash = hashes.get(id) ?? new Sha256();
  hashes.set(id, hash);
  for (const buffer of buffers ?? []) hash.update(new Uint8Array(buffer));
  if (!buffers) hashes.delete(id);
  postMessage(buffers ? null : hash.digest());
};
