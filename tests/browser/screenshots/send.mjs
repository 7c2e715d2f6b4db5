/** The pages that send a file: the code, the way, the end. */

import { codeOf, noise, phase, type } from '../support/sending.mjs';

/** How much of the film there is in the picture, in bytes. */
const SHOWN = 20_000_000;

/** @param {import('../screenshots.mjs').Studio} studio */
export async function take({ DESKTOP, PHONE, session, visit, shoot }) {
  const [sender, receiver] = [await visit(DESKTOP, 0.6, 'send'), await visit(PHONE, 0.1, 'send')];
  await shoot(sender, 'send-idle');
  const film = await noise(session, 'summer film.mp4', 64_000_000);
  await sender.page.setInputFiles('#files', [film, await noise(session, 'letter to grandmother.pdf', 184_000)]);
  const code = await codeOf(sender);
  await shoot(sender, 'send-code');
  await type(receiver, code);
  await phase(receiver, 'summer film.mp4', 'moving');
  await receiver.page.waitForFunction((shown) => document.querySelector('progress').value > shown, SHOWN);
  await receiver.page.evaluate(() => document.activeElement.blur());
  await shoot(receiver, 'send-phone');
  await Promise.all([sender, receiver].map((person) => person.reaches('done')));
  await shoot(sender, 'send-done');
}
