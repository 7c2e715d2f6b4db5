/** One server for all tests of a file, and a certificate that only they trust. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { startServer } from '../../browser/support/server.mjs';

/** A folder that is gone after the tests. */
export const folder = mkdtempSync(join(tmpdir(), 'meetpoint-webrtc-'));
const certificate = join(folder, 'certificate.pem');
const key = join(folder, 'key.pem');
execFileSync('openssl', [
  ...['req', '-x509', '-days', '2', '-subj', '/CN=meetpoint', '-addext', 'subjectAltName=IP:127.0.0.1'],
  ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', certificate],
], { stdio: 'pipe' });

const { port, stop } = await startServer({ env: { TLS_CERT_FILE: certificate, TLS_KEY_FILE: key } });

/** @type {import('../signaling.mjs').Server} */
export const server = { url: `https://127.0.0.1:${port}`, ca: readFileSync(certificate) };

after(async () => {
  await stop();
  rmSync(folder, { recursive: true });
});
