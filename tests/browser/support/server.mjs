/** The server under test: a real process on a port of its own choosing. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const BUILDS = ['release', 'debug'].map((profile) => fileURLToPath(new URL(`../../../target/${profile}/meetpoint`, import.meta.url)));

function binary() {
  const found = process.env.MEETPOINT_BIN ?? BUILDS.find((path) => existsSync(path));
  if (!found) throw new Error('no server to test: build one (cargo build --release) or name it in MEETPOINT_BIN');
  return found;
}

/**
 * @param {{ port?: number, env?: Record<string, string> }} [options]
 * @returns {Promise<{ url: string, port: number, stop: (signal?: NodeJS.Signals) => Promise<number | null> }>}  `stop` tells the exit code
 */
export async function startServer({ port = 0, env = {} } = {}) {
  const child = spawn(binary(), {
    env: { ...process.env, HOST: '127.0.0.1', PORT: String(port), LOG_FORMAT: 'json', STORAGE_TYPE: 'memory', SHUTDOWN_GRACE: '1s', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const address = await listening(child);
  return {
    url: `http://${address}/`,
    port: Number(address.split(':').pop()),
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal);
        await once(child, 'exit');
      }
      return child.exitCode;
    },
  };
}

/** @param {import('node:child_process').ChildProcess} child @returns {Promise<string>} the address it listens on */
function listening(child) {
  return new Promise((resolve, reject) => {
    const said = [];
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the server ended with ${code} before it listened:\n${said.join('\n')}`)));
    // Read to the end, so that a talkative server never blocks on a full pipe.
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line);
      const { fields } = parse(line);
      if (fields?.message === 'listening') resolve(fields.address);
    });
  });
}

function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}
