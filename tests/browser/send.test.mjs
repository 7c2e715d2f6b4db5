import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { connected, visit } from './support/senders.mjs';
import { codeOf, made, noise, phase, release, row, save, sha256, slow, sum, type } from './support/sending.mjs';

const MIB = 2 ** 20;

/** How much lies in the channel at most, and how far the sender gets ahead of what is put away. */
function watchChannel() {
  const { send } = RTCDataChannel.prototype;
  window.most = { buffered: 0, message: 0, ahead: 0 };
  let sent = 0;
  RTCDataChannel.prototype.send = function (data) {
    send.call(this, data);
    if (typeof data === 'string') return;
    sent += data.byteLength;
    const ahead = sent - document.querySelector('progress').value;
    for (const [name, value] of Object.entries({ buffered: this.bufferedAmount, message: data.byteLength, ahead })) {
      window.most[name] = Math.max(window.most[name], value);
    }
  };
}

test('a file of 100 MiB arrives, its SHA-256 is the same on both pages and on the disk, and memory is bounded', async (t) => {
  const path = await noise(t, 'film.bin', 100 * MIB);
  const [alice, bob] = await connected(t, path, { sender: { prepare: (page) => page.addInitScript(watchChannel) } });
  await bob.page.waitForFunction(() => /MB of 105 MB · .+\/s · .+ left/.test(document.querySelector('.transfer .hint').textContent));
  await Promise.all([alice, bob].map((person) => person.reaches('done')));
  const expected = await sha256(path);
  assert.deepEqual([await sum(alice, 'film.bin'), await sum(bob, 'film.bin')], [expected, expected]);
  assert.match(await phase(alice, 'film.bin', 'done'), /the same on both sides/);
  assert.deepEqual(await save(bob, 'film.bin'), { name: 'film.bin', sha256: expected });

  const { buffered, message, ahead } = await alice.page.evaluate(() => window.most);
  assert.ok(message >= 16 * 1024 && message <= 64 * 1024, `${message} bytes in a message`);
  assert.ok(buffered <= MIB + message, `${buffered} bytes in the channel`);
  assert.ok(ahead <= 9 * MIB, `${ahead} bytes ahead`);
});

test('a receiver that is slow to put things away holds the sender back', async (t) => {
  const [alice, bob] = await connected(t, await noise(t, 'film.bin', 20 * MIB), {
    sender: { prepare: (page) => page.addInitScript(watchChannel) },
    receiver: slow,
  });
  await alice.page.waitForFunction((wanted) => window.most.ahead >= wanted, 8 * MIB);
  // Everything that was under way is through when the channel has been empty for some turns.
  await alice.page.evaluate(async () => {
    for (let turn = 0; turn < 50; turn += 1) await new Promise(requestAnimationFrame);
  });
  const ahead = await alice.page.evaluate(() => window.most.ahead);
  assert.ok(ahead <= 9 * MIB, `${ahead} bytes ahead`);
  await release(bob);
  await Promise.all([alice, bob].map((person) => person.reaches('done')));
});

test('several files come one after the other, an empty one and odd names among them, and more can be added', async (t) => {
  const names = ['first.txt', 'empty.dat', `${'long '.repeat(60)}.txt`, '<img src=x onerror="document.title=1">.txt', 'photo\u202egpj.exe'];
  const files = names.map((name) => made(name, name === 'empty.dat' ? '' : name));
  const [alice, bob] = await connected(t, files);
  await Promise.all([alice, bob].map((person) => person.reaches('done')));

  const shown = await bob.page.locator('.transfer .name').allTextContents();
  assert.deepEqual(shown, await alice.page.locator('.transfer .name').allTextContents());
  assert.deepEqual([shown[0], shown[1], shown[3], shown[4]], ['first.txt', 'empty.dat', '_img src=x onerror=_document.title=1__.txt', 'photogpj.exe']);
  assert.ok(shown[2].length <= 255 && shown[2].endsWith('….txt'), shown[2]);
  assert.equal(await bob.page.locator('.transfer img').count(), 0);
  for (const [index, { buffer }] of files.entries()) {
    const expected = createHash('sha256').update(buffer).digest('hex');
    assert.equal(await sum(bob, shown[index]), expected);
    assert.equal((await save(bob, shown[index])).sha256, expected);
  }

  await alice.page.setInputFiles('#files', made('later.txt'));
  await phase(bob, 'later.txt', 'done');
  await Promise.all([alice, bob].map((person) => person.reaches('done')));
  assert.match(await row(alice, 'empty.dat').textContent(), /0 bytes/);
});

test('a file that is dropped anywhere on the page is sent, a folder is not', async (t) => {
  const [alice, bob] = [await visit(t), await visit(t)];
  const drop = (kind) =>
    alice.page.evaluate((kind) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(['dropped'], 'dropped.txt'));
      if (kind === 'folder') DataTransferItem.prototype.webkitGetAsEntry = () => ({ isDirectory: true });
      document.body.dispatchEvent(new DragEvent('dragenter', { dataTransfer, bubbles: true }));
      const hovered = document.body.classList.contains('dropping');
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
      return hovered && !document.body.classList.contains('dropping');
    }, kind);
  assert.ok(await drop('file'), 'the page shows that it takes it');
  await type(bob, await codeOf(alice));
  await phase(bob, 'dropped.txt', 'done');
  await drop('folder');
  assert.match(await alice.page.textContent('#notice'), /Folders cannot be sent/);
  assert.equal(await alice.page.locator('.transfer').count(), 1);
});
