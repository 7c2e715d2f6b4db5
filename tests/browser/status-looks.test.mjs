import { test } from 'node:test';
import { Person } from './support/browser.mjs';
import { isGood, SCREENS } from './support/screens.mjs';
import { browser, server } from './support/stage.mjs';

for (const [screen, context] of SCREENS) {
  test(`the status fits and can be read, on a ${screen}`, async (t) => {
    const observer = await Person.visit(t, browser, `${server.url}status`, { context });
    await observer.reaches('live');
    await isGood(observer);
    await observer.page.click('summary');
    await isGood(observer);
  });
}
