import { canWrite, enters, sees, writes } from '../support/rooms.mjs';

/** Who they are, and the lot that decides the colour of their test picture. */
const PEOPLE = { Ann: 0.6, 'Björn Ångström': 0.3, Chidinma: 0.9, Olga: 0.1 };

/** @param {import('../screenshots.mjs').Studio} studio */
export async function take({ visit, shoot, DESKTOP, PHONE }) {
  const people = [];
  for (const [name, lot] of Object.entries(PEOPLE)) {
    const person = await visit(name === 'Olga' ? PHONE : DESKTOP, lot, 'rooms#book%20club');
    if (name === 'Ann') await shoot(person, 'rooms-door');
    await enters(person, name);
    await person.reaches('live');
    people.push(person);
  }
  const [ann, bjorn, chidinma, olga] = people;
  await sees(ann, 'Björn Ångström', 'Chidinma', 'Olga');
  await sees(olga, 'Ann', 'Björn Ångström', 'Chidinma');
  await Promise.all(people.map(canWrite));
  await writes(bjorn, 'Did you all read chapter seven?');
  await writes(chidinma, 'I could not put it down. The bit with the lighthouse keeper!');
  await writes(ann, 'Twice! Wait until you get to the storm.');
  await chidinma.page.click('#microphone');
  await olga.page.waitForFunction(() => document.querySelectorAll('#log p').length === 3);
  await olga.page.tap('#chat');
  for (const { page } of [ann, olga]) {
    await page.evaluate(() => document.activeElement.blur());
    await page.locator('.tile.muted', { hasText: 'Chidinma' }).waitFor();
    await page.waitForFunction(() => document.querySelector('#notice').textContent === '');
  }
  await shoot(ann, 'rooms-call');
  await shoot(olga, 'rooms-phone');
}
