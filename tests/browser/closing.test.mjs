import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withPuppetServer } from './support/puppet.mjs';
import { browser, server } from './support/stage.mjs';

for (const [code, reason, words] of [
  [1000, '', /ended the session/],
  [1008, 'Origin not allowed', /does not accept this page/],
  [4403, 'forbidden', /does not let you in/],
  [4409, 'replaced', /another window/],
  [4999, 'odd', /4999: odd/],
]) {
  test(`close code ${code} stops the page, which tells why and lets go of the camera`, async (t) => {
    let sockets = 0;
    const alice = await withPuppetServer(t, browser, server.url, ({ hear, close }) => {
      sockets += 1;
      hear(() => close(code, reason));
    });
    await alice.start();
    assert.match(await alice.reaches('stopped'), words);
    assert.equal(sockets, 1);
    assert.equal(await alice.page.$eval('#local', ({ srcObject }) => srcObject), null);

    await alice.start();
    await alice.reaches('connecting');
  });
}

test('close codes that say come back bring the page back', async (t) => {
  const codes = [1001, 1011, 1012, 1013, 4008, 4029];
  const alice = await withPuppetServer(t, browser, server.url, ({ hear, close }) => {
    const code = codes.shift();
    if (code) hear(() => close(code));
  });
  await alice.start();
  for (let cut = 0; cut < 6; cut += 1) {
    await alice.reaches('waiting');
    await alice.reaches('reconnecting');
  }
  await alice.reaches('waiting');
});

test('a server that falls silent is given up and dialled again', async (t) => {
  let sockets = 0;
  const alice = await withPuppetServer(t, browser, server.url, () => (sockets += 1), { pingInterval: 20_000 });
  await alice.page.clock.install();
  await alice.start();
  await alice.reaches('waiting');
  await alice.page.clock.runFor(40_000);
  await alice.reaches('reconnecting');
  await alice.page.clock.runFor(1_000);
  await alice.reaches('waiting');
  assert.equal(sockets, 2);
});
