/** Front ends that are not meetpoint's, on an origin of their own. Those with React are bundled as they would be. */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const folder = (name) => fileURLToPath(new URL(`../foreign/${name}`, import.meta.url));

/** By path: what is there and what it is. */
const FILES = {
  '/plain.html': ['plain.html', 'text/html'],
  '/plain.js': ['plain.js', 'text/javascript'],
  '/react/': ['react/index.html', 'text/html'],
  '/hook/': ['hook/index.html', 'text/html'],
};
const BUNDLES = { '/react/main.js': 'react/main.jsx', '/hook/main.js': 'hook/main.jsx' };
const CLIENT = fileURLToPath(new URL('../../../web/client', import.meta.url));

async function bundled(name) {
  const { outputFiles } = await build({
    entryPoints: [folder(name)],
    bundle: true,
    format: 'esm',
    jsx: 'automatic',
    // As if the client were installed.
    alias: { 'meetpoint/react': `${CLIENT}/react.js`, meetpoint: `${CLIENT}/client.js` },
    nodePaths: [fileURLToPath(new URL('../node_modules', import.meta.url))],
    // StrictMode does what it does in development alone.
    define: { 'process.env.NODE_ENV': '"development"' },
    write: false,
    logLevel: 'warning',
  });
  return outputFiles[0].contents;
}

/** @returns {Promise<{ origin: string, otherOrigin: string, close: () => void }>}  the same front ends under two origins */
export async function serveFrontEnds() {
  const contents = new Map();
  for (const [path, [name, type]] of Object.entries(FILES)) contents.set(path, { type, body: await readFile(folder(name)) });
  for (const [path, name] of Object.entries(BUNDLES)) contents.set(path, { type: 'text/javascript', body: await bundled(name) });
  const server = createServer((request, response) => {
    const found = contents.get(request.url.split('?')[0]);
    response.writeHead(found ? 200 : 404, { 'Content-Type': `${found?.type ?? 'text/plain'}; charset=utf-8` });
    response.end(found?.body);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address();
  return {
    origin: `http://127.0.0.1:${port}`,
    otherOrigin: `http://localhost:${port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
