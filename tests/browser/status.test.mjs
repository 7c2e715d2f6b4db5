import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Person, companyOf } from './support/browser.mjs';
import { startServer } from './support/server.mjs';
import { browser, server } from './support/stage.mjs';

const visit = (t, { url = server.url, ...options } = {}) => Person.visit(t, browser, `${url}status`, options);

/** A server of the test's own. It goes when everybody has left: the page asks it every second, and complains when it is gone. */
async function serve(t, options) {
  companyOf(t);
  const own = await startServer(options);
  t.after(() => own.stop());
  return own;
}

/** Waits until a figure shows what is wanted. @param {RegExp} wanted */
const shows = ({ page }, id, { source }) =>
  page.waitForFunction(
    ([id, source]) => new RegExp(source).test(document.querySelector(`[data-figure=${id}] .value`).textContent),
    [id, source],
    { polling: 100 },
  );

/** Sockets of a page of their own, which is closed with the test. */
async function sockets(t, url = server.url) {
  const { page } = await Person.visit(t, browser, `${url}send`, { outage: true });
  return {
    /** Opens one and waits for its `ready`. */
    open: () =>
      page.evaluate(async () => {
        const url = new URL('/ws', location.href);
        url.protocol = url.protocol.replace('http', 'ws');
        const socket = new WebSocket(url);
        await new Promise((resolve) => (socket.onmessage = resolve));
        window.sockets = [...(window.sockets ?? []), socket];
      }),
    /** @param {object} frame */
    sayAll: (frame) => page.evaluate((text) => window.sockets.forEach((socket) => socket.send(text)), JSON.stringify(frame)),
    closeAll: () => page.evaluate(() => window.sockets.splice(0).forEach((socket) => socket.close(1000))),
  };
}

test('the numbers move when clients connect, meet, talk and leave', async (t) => {
  const observer = await visit(t);
  await observer.reaches('live');
  await shows(observer, 'connections', /^0$/);
  const clients = await sockets(t);
  await clients.open();
  await shows(observer, 'connections', /^1$/);
  await clients.sayAll({ type: 'available' });
  await shows(observer, 'waiting', /^1$/);
  await clients.open();
  await clients.sayAll({ type: 'available' });
  await Promise.all([shows(observer, 'pairs', /^1$/), shows(observer, 'waiting', /^0$/)]);
  await shows(observer, 'matches', /[1-9]/);
  await clients.sayAll({ type: 'join', topic: 'chess' });
  await shows(observer, 'topics', /^1$/);
  assert.match(await observer.page.textContent('[data-figure=topics] .note'), /with 2 members/);
  await clients.sayAll({ type: 'ice', candidate: { candidate: 'x'.repeat(2000) } });
  await shows(observer, 'relayed', /[1-9]/);
  await shows(observer, 'frames', /[1-9]/);
  await clients.closeAll();
  await Promise.all(['connections', 'pairs', 'topics'].map((id) => shows(observer, id, /^0$/)));

  // What has been is still on the plot: the line rose, and fell.
  const heights = await observer.page.$eval('[data-figure=connections] .line', (line) => line.getAttribute('d').match(/[\d.]+(?=L|$)/g).map(Number));
  assert.ok(Math.min(...heights) < heights[0] && heights.at(-1) === heights[0], `${heights}`);
});

test('the page says how long which server has been running', async (t) => {
  const own = await serve(t, { env: { VERSION: '9.8.7', INSTANCE_ID: 'web-1' } });
  const { page } = await visit(t, { url: own.url });
  await page.waitForSelector('#about:not([hidden])');
  assert.deepEqual([await page.textContent('#version'), await page.textContent('#instance')], ['9.8.7', 'web-1']);
  await page.waitForFunction(() => /^[2-9] s$/.test(document.querySelector('#uptime').textContent));
});

test('a server that drains, is gone and comes back is told so, and the plot has a gap', async (t) => {
  let own = await serve(t, { env: { SHUTDOWN_GRACE: '5s' } });
  const observer = await visit(t, { url: own.url, outage: true });
  const clients = await sockets(t, own.url);
  // The server takes its time for many, and the page asks once a second.
  for (let client = 0; client < 40; client += 1) await clients.open();
  await observer.reaches('live');
  await shows(observer, 'connections', /^40$/);
  const stopped = own.stop();
  assert.match(await observer.reaches('draining'), /Shutting down/);
  await stopped;
  assert.match(await observer.reaches('gone'), /does not answer/);
  await shows(observer, 'connections', /^–$/);

  own = await serve(t, { port: own.port });
  assert.match(await observer.reaches('live'), /started anew/);
  await shows(observer, 'connections', /^0$/);
  await observer.page.waitForFunction(() => document.querySelector('[data-figure=connections] .line').getAttribute('d').match(/M/g).length === 2);
  observer.faults = observer.faults.filter((fault) => !/503|ERR_|readyz|metrics/.test(fault));
});

test('the page finds the figures where the server has put them', async (t) => {
  const own = await serve(t, { env: { METRICS_ROUTE: '/internal/figures' } });
  const observer = await visit(t, { url: own.url });
  await observer.reaches('live');
  await shows(observer, 'connections', /^0$/);
});

test('figures that need a token are shown to who has it, and the token goes into no address', async (t) => {
  const token = '00112233445566778899aabbccddeeff';
  const own = await serve(t, { env: { ADMIN_TOKEN: token } });
  const observer = await visit(t, { url: own.url });
  const { page } = observer;
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  assert.match(await observer.reaches('locked'), /those who run it/);
  await page.fill('#token', 'not-the-token');
  await page.click('#door button');
  await page.waitForFunction(() => document.querySelector('#refused').textContent === 'That is not the token.');
  assert.ok(await page.isHidden('#figures'));
  await page.fill('#token', token);
  await page.keyboard.press('Enter');
  await observer.reaches('live');
  await shows(observer, 'connections', /^0$/);
  assert.ok(await page.isHidden('#door'));
  // The tab knows it until it is closed.
  await observer.reload();
  await observer.reaches('live');
  assert.ok(asked.length > 3 && asked.every((url) => !url.includes(token) && !url.includes('not-the-token')), asked.join(' '));
  observer.faults = observer.faults.filter((fault) => !/401/.test(fault));
});

test('figures that are kept from people, and a storage that fails, are told in words', async (t) => {
  const observer = await visit(t, { prepare: (page) => page.route('**/metrics', (route) => route.fulfill({ status: 403 })) });
  assert.match(await observer.reaches('closed'), /not for everybody here.+403/);
  assert.ok(await observer.page.isVisible('#about'));
  await observer.page.unroute('**/metrics');
  await observer.reaches('live');
  await observer.page.route('**/readyz', (route) => route.fulfill({ status: 503, json: { ready: false, reason: 'storage unavailable' } }));
  assert.match(await observer.reaches('troubled'), /storage takes nothing/);
  await observer.page.unroute('**/readyz');
  await observer.reaches('live');
  observer.faults = observer.faults.filter((fault) => !/403|503/.test(fault));
});

test('nobody is asked while nobody looks', async (t) => {
  const observer = await visit(t, { prepare: (page) => page.clock.install() });
  const { page } = observer;
  await observer.reaches('live');
  let asked = 0;
  page.on('request', () => (asked += 1));
  const look = (hidden) =>
    page.evaluate((hidden) => {
      Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
  await look(true);
  await observer.reaches('paused');
  asked = 0;
  await page.clock.runFor(60_000);
  assert.equal(asked, 0);
  await look(false);
  await observer.reaches('live');
  assert.ok(asked > 0);
});

test('the table says what the tiles say', async (t) => {
  const observer = await visit(t);
  const clients = await sockets(t);
  await clients.open();
  await shows(observer, 'connections', /^1$/);
  await observer.page.click('summary');
  const cells = await observer.page.locator('tbody tr', { hasText: 'Connections' }).locator('td').allTextContents();
  assert.equal(cells[0], '1');
  assert.equal(cells[3], '1', 'the most that there were');
  const rows = await observer.page.locator('tbody th').allTextContents();
  const titles = await observer.page.locator('.tile h3').allTextContents();
  for (const title of titles) assert.ok(rows.some((row) => row.startsWith(title)), title);
});
