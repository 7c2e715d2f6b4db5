/** A network between client and server that can be cut, in several ways. */

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** @param {import('node:test').TestContext} t @param {number} port  of the server */
export async function startProxy(t, port) {
  const pairs = new Set();
  let hole = false;
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    const pair = [near, far];
    pairs.add(pair);
    for (const [from, to] of [pair, pair.toReversed()]) {
      from.setNoDelay(true);
      from.on('data', (bytes) => pair.hole || to.write(bytes));
      from.on('end', () => pair.hole || to.end());
      from.on('error', () => to.destroy());
      from.on('close', () => {
        pairs.delete(pair);
        if (!pair.hole) to.destroy();
      });
    }
    pair.hole = hole;
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const end = (how) => {
    for (const pair of pairs) for (const socket of pair) how(socket);
    pairs.clear();
  };
  t.after(() => {
    end((socket) => socket.destroy());
    server.close();
  });
  return {
    url: `ws://127.0.0.1:${server.address().port}/ws`,
    base: `http://127.0.0.1:${server.address().port}/`,
    connections: () => pairs.size,
    /** RST in both directions. */
    reset: () => end((socket) => socket.resetAndDestroy()),
    /** FIN in both directions, without a close frame. */
    finish: () => end((socket) => socket.end()),
    /** From now on, or no longer, all that is open swallows what it is given, and so does what is opened. */
    swallow(on) {
      hole = on;
      if (on) for (const pair of pairs) pair.hole = true;
    },
  };
}
