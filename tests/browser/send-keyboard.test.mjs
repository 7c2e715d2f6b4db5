/** Sending by those who use no mouse, or hear the page. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visit } from './support/senders.mjs';
import { codeOf, made, phase, sha256 } from './support/sending.mjs';

test('a file goes from side to side by keyboard alone', async (t) => {
  const [alice, bob] = [await visit(t), await visit(t)];
  const focused = ({ page }) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);
  const tabTo = async (person, id) => {
    for (let presses = 0; (await focused(person)) !== id; presses += 1) {
      assert.ok(presses < 20, `${id} is not reached by Tab`);
      await person.page.keyboard.press('Tab');
      const outline = await person.page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      assert.equal(outline, 'solid', 'the focus is visible');
    }
  };
  // Asked for early: a browser that is not yet told to hand its dialog to the test opens it for nobody.
  const chosen = alice.page.waitForEvent('filechooser');
  await tabTo(alice, 'choose');
  await alice.page.keyboard.press('Enter');
  await (await chosen).setFiles(made('note.txt'));
  const code = await codeOf(alice);
  assert.equal(await focused(alice), 'copy-code', 'the focus stays with what can be pressed');

  await tabTo(bob, 'code');
  await bob.page.keyboard.type(code);
  await bob.page.keyboard.press('Enter');
  await phase(bob, 'note.txt', 'done');
  assert.equal(await focused(bob), 'end');
  await tabTo(bob, 'Save');
  const [download] = await Promise.all([bob.page.waitForEvent('download'), bob.page.keyboard.press('Enter')]);
  assert.equal(await sha256(await download.path()), await bob.page.textContent('.sum code'));
  await tabTo(alice, 'end');
  await alice.page.keyboard.press('Enter');
  assert.equal(await focused(alice), 'choose');
});

test('what happens is told to those who hear the page', async (t) => {
  const { page } = await visit(t);
  const connected = page.waitForEvent('websocket').then((socket) => socket.waitForEvent('framesent'));
  await page.setInputFiles('#files', made('note.txt'));
  await page.locator('#digits [aria-hidden]').waitFor();
  for (const id of ['status', 'digits', 'notice']) assert.equal(await page.getAttribute(`#${id}`, 'role'), 'status', id);
  assert.equal(await page.getAttribute('#refusal', 'role'), 'alert');
  assert.match(await page.textContent('#digits .unseen'), /^Code \d \d \d \d$/);
  await connected;
});
