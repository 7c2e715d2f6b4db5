/** The real server, and clients of it. */

import { once } from 'node:events';
import WebSocket from 'ws';
import { startServer } from '../../browser/support/server.mjs';
import { Meetpoint } from '../../../web/client/client.js';

export { WebSocket };

/** What is given up in the middle must not leave servers behind. */
const running = new Set();
process.once('exit', () => running.forEach((server) => server.stop('SIGKILL')));

/** @param {import('node:test').TestContext | { after(end: () => any): void }} t @param {Record<string, string>} [env] */
export async function serve(t, env) {
  const server = await startServer({ env });
  running.add(server);
  t.after(() => server.stop());
  return { ...server, socket: new URL('/ws', server.url.replace('http', 'ws')).href };
}

/** @param {import('node:test').TestContext} t */
export function visit(t, url, options) {
  const client = new Meetpoint(url, { WebSocket, ...options });
  t.after(() => client.close());
  client.states = [];
  client.addEventListener('statechange', ({ state, reason, resumed }) => client.states.push(state === 'connected' ? `connected ${resumed}` : `${state} ${reason ?? ''}`.trim()));
  return client;
}

/** The next event of a type. */
export const event = async (target, type) => (await once(target, type))[0];

/** Until the client is in that state. */
export async function reaches(client, state) {
  while (client.state !== state) await event(client, 'statechange');
}

/** Two who have each other. */
export async function pair(a, b) {
  return Promise.all([a.match(), b.match()]);
}
