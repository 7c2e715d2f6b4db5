/** How the page for files looks, in every state. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGood, SCREENS } from './support/screens.mjs';
import { visit } from './support/senders.mjs';
import { codeOf, made, type } from './support/sending.mjs';

const long = `${'a name without end '.repeat(12)}.txt`;

for (const [screen, context] of SCREENS) {
  test(`sending fits and can be read, on a ${screen}`, async (t) => {
    const [alice, bob] = [await visit(t, { context }), await visit(t, { context })];
    await isGood(alice);
    await type(bob, 'no code');
    await bob.page.locator('#refusal:not(:empty)').waitFor();
    await isGood(bob);
    await alice.page.setInputFiles('#files', [made('note.txt'), made(long)]);
    const code = await codeOf(alice);
    await isGood(alice);
    await type(bob, code);
    await Promise.all([alice, bob].map((person) => person.reaches('done')));
    await isGood(alice);
    await isGood(bob);
    await bob.page.click('#end');
    assert.match(await alice.reaches('ended'), /has left/);
    await isGood(alice);
  });
}
