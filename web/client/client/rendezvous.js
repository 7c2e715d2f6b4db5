/**
 * Codes that lead two people into one room, to be read out by the one and typed in by the other.
 *
 * @typedef {object} CallOptions
 * @property {AbortSignal} [signal]
 */

import { MeetpointError } from './events.js';

/** @type {Record<number, string>} */
const CODES = { 410: 'GONE', 429: 'RATE_LIMIT' };

/** @param {string | URL} baseUrl @param {string} path @param {object} body @param {CallOptions} [options] @returns {Promise<any>} */
async function post(baseUrl, path, body, { signal } = {}) {
  const url = new URL(path, baseUrl);
  url.protocol = url.protocol.replace('ws', 'http');
  const headers = { 'Content-Type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal });
  const { ok, status } = answer;
  if (!ok) {
    const retryAfter = Number(answer.headers.get('Retry-After')) || undefined;
    throw new MeetpointError(CODES[status] ?? 'HTTP', (await answer.text()).trim(), { status, retryAfter });
  }
  const { appID: appId, ...rest } = await answer.json();
  return { appId, ...rest };
}

/**
 * A code, and the room that it leads to: once, until `expiresAt` (RFC 3339).
 * @param {string | URL} baseUrl  of the server @param {CallOptions} [options]
 * @returns {Promise<{ code: string, appId: string, expiresAt: string }>}
 */
export const mintCode = (baseUrl, options) => post(baseUrl, '/rendezvous/code', {}, options);

/**
 * The room of a code; fails with `GONE` when it is unknown, used or expired, with `RATE_LIMIT` after too many wrong ones.
 * @param {string | URL} baseUrl  of the server @param {string} code @param {CallOptions} [options]
 * @returns {Promise<{ appId: string, expiresAt: string }>}
 */
export const redeemCode = (baseUrl, code, options) => post(baseUrl, '/rendezvous/redeem', { code }, options);
