import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ALWAYS_ALLOW, FAKE_CAMERA, launch, Person } from './support/browser.mjs';
import { startServer } from './support/server.mjs';

let server, equipped, bare, refusing;
before(async () => {
  server = await startServer();
  equipped = await launch();
  bare = await launch([ALWAYS_ALLOW]);
  refusing = await launch([FAKE_CAMERA]);
});
after(async () => {
  for (const browser of [equipped, bare, refusing]) await browser?.close();
  await server?.stop();
});

async function call(t, ...browsers) {
  const people = [];
  for (const browser of browsers) people.push(await Person.visit(t, browser, server.url));
  return inCall(...people);
}

async function inCall(...people) {
  for (const person of people) await person.start();
  await Promise.all(people.map((person) => person.reaches('in-call')));
  await Promise.all(people.map((person) => person.receivesMedia()));
  return people;
}

const hint = (person) => person.page.textContent('#hint');

/** Whether what is heard is more than silence. */
const hearsSomething = ({ page }) =>
  page.waitForFunction(async () => {
    const reports = await window.meetpoint.call.peerConnection.getStats();
    return [...reports.values()].some(({ type, kind, totalAudioEnergy }) => type === 'inbound-rtp' && kind === 'audio' && totalAudioEnergy > 0);
  });

/** Whether the decoded picture changes, whatever it shows. */
const seesMovement = ({ page }) =>
  page.waitForFunction(() => {
    const context = new OffscreenCanvas(64, 48).getContext('2d');
    context.drawImage(document.querySelector('#remote'), 0, 0, 64, 48);
    const look = context.getImageData(0, 0, 64, 48).data.join();
    window.looks = new Set(window.looks).add(look);
    return window.looks.size > 3;
  });

test('a page without camera and microphone sends a test picture and a tone', async (t) => {
  const [alice, bob] = await call(t, bare, equipped);
  assert.match(await hint(alice), /^No camera or microphone found\. .*test picture “\w+ \d+” and a soft tone/);
  assert.equal(await hint(bob), '');
  await Promise.all([seesMovement(bob), hearsSomething(bob)]);
});

test('a refused permission is answered with the test picture, not with another question', async (t) => {
  const [alice, bob] = await call(t, refusing, equipped);
  assert.match(await hint(alice), /^No permission for the camera or microphone\./);
  await seesMovement(bob);
});

test('the camera is shown as in a mirror, the test picture with its text as it is', async (t) => {
  const [alice, bob] = await call(t, bare, equipped);
  const mirrored = ({ page }) => page.$eval('#local', (video) => getComputedStyle(video).scale !== 'none');
  assert.deepEqual([await mirrored(alice), await mirrored(bob)], [false, true]);
});

test('microphone and camera can be switched off and on', async (t) => {
  const [alice] = await call(t, equipped, equipped);
  const enabled = () => alice.page.$eval('#local', ({ srcObject }) => Object.fromEntries(srcObject.getTracks().map(({ kind, enabled }) => [kind, enabled])));
  await alice.page.click('#microphone');
  assert.deepEqual(await enabled(), { audio: false, video: true });
  assert.equal(await alice.page.getAttribute('#microphone', 'aria-pressed'), 'false');
  await alice.page.click('#microphone');
  await alice.page.click('#camera');
  assert.deepEqual(await enabled(), { audio: true, video: false });
});

test('where the browser refuses to play sound unasked, the picture plays and a button brings the sound', async (t) => {
  const refuseSound = () => {
    const { play } = HTMLMediaElement.prototype;
    HTMLMediaElement.prototype.play = function () {
      return this.muted ? play.call(this) : Promise.reject(new DOMException('', 'NotAllowedError'));
    };
  };
  const alice = await Person.visit(t, equipped, server.url, { prepare: (page) => page.addInitScript(refuseSound) });
  await inCall(alice, await Person.visit(t, equipped, server.url));
  await seesMovement(alice);

  await alice.page.click('#unmute');
  assert.equal(await alice.page.$eval('#remote', ({ muted, paused }) => muted || paused), false);
  assert.ok(await alice.page.isHidden('#unmute'));
});
