/** People who send each other files on the page for it. */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** The code on the page. */
export async function codeOf(person) {
  await person.reaches('waiting');
  return person.page.textContent('#digits [aria-hidden]');
}

export async function type(person, code) {
  await person.page.fill('#code', code);
  await person.page.press('#code', 'Enter');
}

/** The row of a file, the first of that name. */
export const row = ({ page }, name) => page.locator('.transfer', { hasText: name }).first();

/** Waits until a file is in that phase, and tells the line below its name. */
export async function phase(person, name, wanted) {
  const found = person.page.locator(`.transfer[data-phase=${wanted}]`, { hasText: name }).first();
  await found.waitFor();
  return found.locator('.hint').textContent();
}

/** The checksum that is shown. */
export const sum = (person, name) => row(person, name).locator('.sum code').textContent();

/** Saves what has arrived, and tells the name and the checksum of the file on the disk. */
export async function save(person, name) {
  const [download] = await Promise.all([person.page.waitForEvent('download'), row(person, name).getByRole('link', { name: 'Save' }).click()]);
  return { name: download.suggestedFilename(), sha256: await sha256(await download.path()) };
}

/** @param {string} path */
export async function sha256(path) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** A file that is made up. @param {string} name @param {string | Buffer} [content] */
export const made = (name, content = name) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(content) });

/** A file on the disk, of noise. @param {number} size  in bytes */
export async function noise(t, name, size) {
  const folder = await mkdtemp(join(tmpdir(), 'meetpoint-send-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, name);
  await writeFile(path, randomBytes(size));
  return path;
}

/** Options of somebody whose page puts nothing away until it is let: what is larger than the sender's window stays under way. */
export const slow = { prepare: (page) => page.addInitScript(holdBack) };

export const hold = ({ page }) => page.evaluate(() => window.hold());
export const release = ({ page }) => page.evaluate(() => window.release());

function holdBack() {
  const { postMessage } = Worker.prototype;
  let held = [];
  Worker.prototype.postMessage = function (...said) {
    if (held) held.push(() => postMessage.apply(this, said));
    else postMessage.apply(this, said);
  };
  window.hold = () => (held = []);
  window.release = () => {
    const all = held ?? [];
    held = null;
    for (const go of all) go();
  };
}

/** Browsers complain of every refusal: these belong to the test, and must have come. @param {import('./browser.mjs').Person} person @param {RegExp} pattern */
export function forgive(person, pattern) {
  assert.ok(person.faults.some((fault) => pattern.test(fault)), `${pattern} in ${person.faults}`);
  person.faults = person.faults.filter((fault) => !pattern.test(fault));
}
