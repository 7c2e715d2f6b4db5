/**
 * A file by code: the sender gets a short code to tell, the receiver redeems it, and the bytes go from one to the other directly.
 *
 * On the channel: the receiver says `{ready}`, the sender `{name, size}`, the bytes in binary messages and `{sha256}`; the receiver
 * says the `{sha256}` of what it got, and the sender closes. The first word is needed: what comes before an answerer has its channel
 * in hand may be given to it out of order.
 */

import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Writable } from 'node:stream';
import { Peer } from './peer.mjs';
import { Signaling, mint, redeem } from './signaling.mjs';

/** Bytes of one message: what every implementation of WebRTC takes. */
const CHUNK = 16 * 1024;

/**
 * @typedef {object} Receipt
 * @property {number} size  bytes
 * @property {string} sha256  of the file, in hexadecimal; the same on both sides
 */

/**
 * @param {import('./signaling.mjs').Server} server
 * @param {string} path
 * @param {(code: string) => void} tell  gets the code as soon as there is one
 * @returns {Promise<Receipt>}  when the receiver has said that it has the whole file
 */
export async function send(server, path, tell) {
  const { appID, code } = await mint(server);
  return meet(server, appID, 'A', () => tell(code), async (channel) => {
    const { size } = await stat(path);
    const hash = createHash('sha256');
    await next(channel);
    await channel.send(JSON.stringify({ name: basename(path), size }));
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK })) {
      hash.update(chunk);
      await channel.send(chunk);
    }
    const sha256 = hash.digest('hex');
    await channel.send(JSON.stringify({ sha256 }));

    if ((await next(channel)).sha256 !== sha256) throw new Error('the receiver has something else');
    await channel.close();
    return { size, sha256 };
  });
}

/**
 * @param {import('./signaling.mjs').Server} server
 * @param {string} code
 * @param {string} path  where the file goes
 * @returns {Promise<Receipt>}
 */
export async function receive(server, code, path) {
  const { appID } = await redeem(server, code);
  return meet(server, appID, 'B', () => {}, async (channel) => {
    const file = Writable.toWeb(createWriteStream(path)).getWriter();
    const hash = createHash('sha256');
    let expected;
    let size = 0;
    await channel.send(JSON.stringify({ ready: true }));
    for await (const message of channel.messages) {
      if (typeof message === 'string') {
        const said = JSON.parse(message);
        expected ??= said.size;
        if (said.sha256 === undefined) continue;
        await file.close();
        const sha256 = hash.digest('hex');
        await channel.send(JSON.stringify({ sha256 }));
        if (size !== expected || sha256 !== said.sha256) throw new Error(`${size} of ${expected} bytes came, and not those that were sent`);
        for await (const _ of channel.messages); // until the sender closes
        return { size, sha256 };
      }
      const chunk = new Uint8Array(message);
      hash.update(chunk);
      size += chunk.length;
      await file.write(chunk);
    }
    throw new Error('the sender left in the middle of the file');
  });
}

/** The receiver's next word. */
async function next(channel) {
  const { value, done } = await channel.messages.next();
  if (done) throw new Error('the receiver left in the middle of the file');
  return JSON.parse(value);
}

async function meet(server, appID, side, joined, use) {
  const signaling = await Signaling.join(server, appID, side);
  const peer = new Peer(signaling, side);
  try {
    joined();
    return await use(await peer.channel);
  } finally {
    peer.close();
    await signaling.leave();
  }
}
