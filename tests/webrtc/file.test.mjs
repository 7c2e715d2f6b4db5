import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { receive, send } from './file.mjs';
import { mint } from './signaling.mjs';
import { settles } from './support/metrics.mjs';
import { folder, server } from './support/stage.mjs';

const SIZE = 16 * 1024 * 1024;
const TIMES = 10;

test(`two peers exchange a file of 16 MiB by code, ${TIMES} times in a row`, async (t) => {
  const [original, copy] = ['original', 'copy'].map((name) => join(folder, name));
  for (let time = 1; time <= TIMES; time++) {
    const bytes = randomBytes(SIZE);
    writeFileSync(original, bytes);
    const started = performance.now();
    const receipts = await new Promise((resolve, reject) => {
      const sent = send(server, original, (code) => {
        assert.match(code, /^\d{4}$/);
        Promise.all([sent, receive(server, code, copy)]).then(resolve, reject);
      });
      sent.catch(reject);
    });
    const seconds = (performance.now() - started) / 1000;
    assert.equal(receipts[0].size, SIZE);
    assert.deepEqual(receipts[0], receipts[1], 'both sides have the same hash');
    assert.ok(bytes.equals(readFileSync(copy)), 'and the receiver has what was sent');
    t.diagnostic(`exchange ${time}: ${seconds.toFixed(2)} s, ${(SIZE / seconds / 2 ** 20).toFixed(0)} MiB/s`);
  }
  await settles(server, { nt_session_established_total: TIMES, nt_rooms_active: 0, nt_peers_active: 0 });
});

test('a client that was not given the certificate refuses the server', async () => {
  await assert.rejects(mint({ url: server.url }), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
});
