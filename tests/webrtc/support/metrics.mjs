/** What the server counts. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:https';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';

/** How long a socket's end may take to be seen in the numbers. */
const PATIENCE_MS = 15_000;

/** @param {import('../signaling.mjs').Server} server @returns {Promise<Map<string, number>>} every series, and each family's sum over its labels */
async function counts(server) {
  const [response] = await once(get(new URL('/metrics', server.url), { ca: server.ca }), 'response');
  const sums = new Map();
  for (const line of (await text(response)).split('\n')) {
    const [, name, labels, value] = /^(\w+)(\{.*\})? (\S+)$/.exec(line) ?? [];
    if (!name) continue;
    sums.set(name, (sums.get(name) ?? 0) + Number(value));
    if (labels) sums.set(name + labels, Number(value));
  }
  return sums;
}

/** @param {import('../signaling.mjs').Server} server @param {string} name  of a family, or of a series with its labels */
export const count = async (server, name) => (await counts(server)).get(name) ?? 0;

/**
 * Waits until there are these numbers.
 * @param {import('../signaling.mjs').Server} server
 * @param {Record<string, number>} expected  by names as above
 */
export async function settles(server, expected) {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const sums = await counts(server);
    const found = Object.fromEntries(Object.keys(expected).map((name) => [name, sums.get(name) ?? 0]));
    const equal = Object.keys(expected).every((name) => found[name] === expected[name]);
    if (equal || performance.now() > deadline) return assert.deepEqual(found, expected);
    await setTimeout(20);
  }
}
