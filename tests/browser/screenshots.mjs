/** Makes the pictures of the demo page in docs/screenshots. */

import { fileURLToPath } from 'node:url';
import { ALWAYS_ALLOW, launch, Person } from './support/browser.mjs';
import { startServer } from './support/server.mjs';

const file = (name) => fileURLToPath(new URL(`../../docs/screenshots/${name}.png`, import.meta.url));
const DESKTOP = { viewport: { width: 1280, height: 800 }, colorScheme: 'light' };
const PHONE = { viewport: { width: 360, height: 740 }, colorScheme: 'dark', deviceScaleFactor: 2, isMobile: true, hasTouch: true };

/** Stands in for a test, at whose end everybody leaves. */
const session = { after: (end) => (session.end = end) };

const server = await startServer();
const browser = await launch([ALWAYS_ALLOW]);

/** Somebody without a camera, whose picture and name are the same every time. */
const somebody = (context, lot) =>
  Person.visit(session, browser, server.url, { context, prepare: (page) => page.addInitScript((lot) => (Math.random = () => lot), lot) });

try {
  const host = await somebody(DESKTOP, 0.6);
  await host.page.screenshot({ path: file('chat-idle') });

  const guest = await somebody(PHONE, 0.1);
  for (const person of [host, guest]) await person.start();
  await Promise.all([host, guest].map((person) => person.reaches('in-call')));
  await Promise.all([host, guest].map((person) => person.receivesMedia()));
  await host.page.mouse.move(0, 0);
  await host.page.waitForFunction(() => document.querySelector('#elapsed').textContent >= '0:10');
  await host.page.screenshot({ path: file('chat-call') });
  await guest.page.screenshot({ path: file('chat-phone') });
} finally {
  await session.end?.();
  await Promise.all([browser.close(), server.stop()]);
}
