/**
 * The packages that the file-sending tools of NoisyTransfer consist of, as they are published, put together as those tools do it:
 * the sender is on side A, says hello, waits for `room_full` and dials; the receiver is on side B and is dialled.
 */

import { EventEmitter } from 'node:events';
import { after } from 'node:test';
import { genRSAPSS, importVerifyKey, suite } from '@noisytransfer/crypto';
import { createAuthReceiver, createAuthSender } from '@noisytransfer/noisyauth';
import { recvFileWithAuth, sendFileWithAuth } from '@noisytransfer/noisystream';
import { browserWSWithReconnect, dialRtcUntilReady, mailboxTransport } from '@noisytransfer/transport';
import wrtc from '@roamhq/wrtc';
import { WebSocket } from 'ws';
import { server } from './stage.mjs';

// What the packages take from the browser they were written for, with the certificate that a browser would know.
globalThis.RTCPeerConnection = wrtc.RTCPeerConnection;
globalThis.RTCSessionDescription = wrtc.RTCSessionDescription;
globalThis.WebSocket = class extends WebSocket {
  constructor(url, protocols) {
    // A socket that once broke is opened anew for ever, after the tests too: this one never opens and keeps no process alive.
    if (over) return new EventTarget();
    super(url, protocols, { ca: server.ca });
    sockets.emit('new', this);
  }
};
let over = false;
after(() => (over = true));

/** Says `new` with every socket that the packages open. */
export const sockets = new EventEmitter();

const relay = `${server.url.replace('https:', 'wss:')}/ws`;

/** @param {string} room @param {'A' | 'B'} side @param {{ sessionId?: string, deliveredUpTo?: number }} [session] */
export const mailbox = (room, side, session = {}) => mailboxTransport(relay, { room, side, ...session });

/** The way to the other side by a data channel. @param {string} room @param {'A' | 'B'} side */
export async function dial(room, side) {
  const signal = browserWSWithReconnect(`${relay}?${new URLSearchParams({ appID: room, side })}`, { maxRetries: 6 });
  const full = new Promise((resolve) => signal.onMessage(({ type }) => type === 'room_full' && resolve()));
  await new Promise((resolve) => signal.onOpen(resolve));
  signal.send({ type: 'hello', side });
  if (side === 'A') await full;
  const { tx } = await dialRtcUntilReady({ role: side === 'A' ? 'initiator' : 'responder', signal, rtcCfg: { iceServers: [] } });
  tx.onClose(() => signal.close());
  return tx;
}

/**
 * Sends bytes, encrypted for whoever shows the same short authentication string.
 * @param {() => Promise<object>} reach  makes the way to the other side
 * @param {{ sessionId: string, policy: 'rtc' | 'ws_async' }} session  the same on both sides
 * @param {Uint8Array} source
 * @param {(sas: string) => void} show
 * @returns {Promise<{ bytesSent: number }>}
 */
export async function send(reach, session, source, show) {
  // The other one may speak as soon as it is reached, so nothing is waited for between that and listening.
  const { verificationKey, signingKey } = await genRSAPSS();
  const tx = await reach();
  const { msgR } = await authenticated(createAuthSender, tx, show, { ...session, sendMsg: verificationKey });
  const hpke = { peerMaterial: new Uint8Array(Buffer.from(msgR, 'base64url')) };
  return sendFileWithAuth({ tx, sessionId: session.sessionId, source, hpke, sign: { privateKey: signingKey } });
}

/** The other end of `send`. @returns {Promise<{ bytes: number, result: Uint8Array, signatureVerified: boolean }>} */
export async function receive(reach, session, show) {
  const { privateKey, publicKey } = await suite.kem.generateKeyPair();
  const recvMsg = new Uint8Array(await suite.kem.serializePublicKey(publicKey));
  const tx = await reach();
  // The file's signature is the last of it: whose to expect will be known by then.
  const sign = {};
  const file = recvFileWithAuth({ tx, sessionId: session.sessionId, hpke: { ownPriv: privateKey }, sign, windowChunks: 4 });
  const greeted = authenticated(createAuthReceiver, tx, show, { ...session, recvMsg }).then(async ({ msgS }) => {
    sign.verifyKey = await importVerifyKey(msgS);
  });
  const [received] = await Promise.all([file, greeted]);
  return received;
}

function authenticated(create, tx, onSAS, options) {
  return new Promise((onDone, onError) => {
    create(tx, { onSAS, waitConfirm: () => true, onDone, onError }, options);
  });
}
