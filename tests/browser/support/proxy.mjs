/** A TCP proxy before the server: what goes through it can be cut off, and let through again, on the same port. */

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * @param {import('node:test').TestContext} t  at whose end it is gone
 * @param {number} upstream  the server's port
 * @returns {Promise<{ url: string, stop: () => Promise<void>, start: () => Promise<void> }>}
 *   `stop` resets every connection and refuses new ones until `start`
 */
export async function startProxy(t, upstream) {
  const open = new Set();
  const proxy = createServer((inner) => {
    const outer = connect(upstream, '127.0.0.1');
    open.add(inner).add(outer);
    for (const [socket, other] of [[inner, outer], [outer, inner]]) {
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  const listen = async (port) => {
    proxy.listen(port, '127.0.0.1');
    await once(proxy, 'listening');
    return proxy.address().port;
  };
  const stop = async () => {
    const closed = proxy.listening && once(proxy, 'close');
    proxy.close();
    for (const socket of open) socket.resetAndDestroy();
    await closed;
  };
  const port = await listen(0);
  t.after(stop);
  return { url: `http://127.0.0.1:${port}/`, stop, start: () => listen(port) };
}
