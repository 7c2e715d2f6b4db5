/** One server and one browser for all tests of a file: every file is a process of its own. */

import { after } from 'node:test';
import { launch } from './browser.mjs';
import { startServer } from './server.mjs';

export const server = await startServer();
export const browser = await launch();

after(async () => {
  await browser.close();
  await server.stop();
});
