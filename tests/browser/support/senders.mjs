/** Two who send each other files, on the one server of a test file. */

import { Person } from './browser.mjs';
import { codeOf, type } from './sending.mjs';
import { browser, server } from './stage.mjs';

/** @param {import('node:test').TestContext} t @param {object} [options]  of Person.visit, and `url`, another server's */
export const visit = (t, { url = server.url, hash = '', ...options } = {}) => Person.visit(t, browser, `${url}send${hash}`, options);

/** Alice has chosen files, Bob has typed her code, and they are connected. */
export async function connected(t, files, { sender, receiver } = {}) {
  const alice = await visit(t, sender);
  const bob = await visit(t, receiver);
  await alice.page.setInputFiles('#files', files);
  await type(bob, await codeOf(alice));
  await Promise.all([alice, bob].map((person) => person.reaches('live')));
  return [alice, bob];
}
