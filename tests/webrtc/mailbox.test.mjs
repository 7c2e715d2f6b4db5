import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { mint } from './signaling.mjs';
import { count, settles } from './support/metrics.mjs';
import { mailbox, sockets } from './support/published.mjs';
import { server } from './support/stage.mjs';

const HELLOS = 'nt_signal_messages_total{type="hello"}';
const SENT = 'nt_signal_messages_total{type="send"}';
const ACKNOWLEDGED = 'nt_signal_messages_total{type="delivered"}';

/** Both sides of one room, each with a session of its own, which its instances share. */
async function room(t) {
  const { appID } = await mint(server);
  const sessions = { A: randomUUID(), B: randomUUID() };
  /** @param {'A' | 'B'} side @param {number} [deliveredUpTo] */
  const rush = async (side, deliveredUpTo) => {
    const instance = await mailbox(appID, side, { sessionId: sessions[side], deliveredUpTo });
    t.after(() => instance.close());
    return new Voice(instance);
  };
  /** The same, and the server has heard its first words. */
  const join = async (side, deliveredUpTo) => {
    const before = await count(server, HELLOS);
    const voice = await rush(side, deliveredUpTo);
    await settles(server, { [HELLOS]: before + 1 });
    return voice;
  };
  return { rush, join };
}

/** Somebody who says notes through an instance of the package, and hears those of the other side. */
class Voice {
  #instance;
  #heard = [];
  #enough = () => {};

  constructor(instance) {
    this.#instance = instance;
    instance.onMessage((frame) => {
      if (frame.type !== 'note') return;
      this.#heard.push(frame.note);
      this.#enough();
    });
  }

  say(...notes) {
    for (const note of notes) this.#instance.send({ type: 'note', note });
  }

  /** Waits for so many notes since the last time. */
  async hear(notes) {
    if (this.#heard.length < notes) await new Promise((go) => (this.#enough = () => this.#heard.length >= notes && go()));
    return this.#heard.splice(0);
  }

  /** Leaves, having heard nothing more. */
  close() {
    this.#instance.close();
    assert.deepEqual(this.#heard, [], 'nothing came besides');
  }
}

test('what is sent before the other side first came is there when it comes, the first item too', async (t) => {
  const { join } = await room(t);
  const before = await count(server, SENT);
  const alice = await join('A');
  alice.say('one', '<two> & \u2028 ü', { ct: new Uint8Array([0, 1, 255]) });
  await settles(server, { [SENT]: before + 3 });
  alice.close();

  const bob = await join('B');
  assert.deepEqual(await bob.hear(3), ['one', '<two> & \u2028 ü', { ct: new Uint8Array([0, 1, 255]) }]);
});

test('a fresh instance that knows how far the last one came hears the rest, and then what is new', async (t) => {
  const { join } = await room(t);
  const [alice, bob] = [await join('A'), await join('B')];
  alice.say(1, 2, 3);
  assert.deepEqual(await bob.hear(3), [1, 2, 3]);
  bob.close();
  const before = await count(server, SENT);
  alice.say(4, 5);
  await settles(server, { [SENT]: before + 2 });

  const again = await join('B', 3);
  assert.deepEqual(await again.hear(2), [4, 5]);
  alice.say(6);
  assert.deepEqual(await again.hear(1), [6]);
});

test('what was acknowledged is not told again, not even to an instance that remembers nothing', async (t) => {
  const { join } = await room(t);
  const [alice, bob] = [await join('A'), await join('B')];
  const before = await count(server, ACKNOWLEDGED);
  alice.say(1, 2, 3);
  assert.deepEqual(await bob.hear(3), [1, 2, 3]);
  await settles(server, { [ACKNOWLEDGED]: before + 3 });
  bob.close();

  const again = await join('B');
  alice.say(4);
  assert.deepEqual(await again.hear(1), [4]);
});

test('what is said while the other side comes and goes is heard once and in order', async (t) => {
  const [VISITS, NOTES] = [10, 20];
  const { join, rush } = await room(t);
  const alice = await join('A');
  for (let visit = 0; visit < VISITS; visit++) {
    const notes = Array.from({ length: NOTES }, (_, note) => visit * NOTES + note);
    const bob = await rush('B', notes[0]);
    bob.say(visit);
    for (const note of notes) {
      alice.say(note);
      await setImmediate();
    }
    assert.deepEqual(await bob.hear(NOTES), notes);
    assert.deepEqual(await alice.hear(1), [visit]);
    bob.close();
  }
});

// The package's instance is dead once its socket broke, and a fresh one has to follow.
// But the socket itself comes back, says nothing, and never gives up.
test('an instance whose socket broke does not disturb the fresh one that followed it', async (t) => {
  const { join, rush } = await room(t);
  const alice = await join('A');
  const [[broken], bob] = await Promise.all([once(sockets, 'new'), join('B')]);
  alice.say(1);
  assert.deepEqual(await bob.hear(1), [1]);
  broken.terminate();
  const [[fresh], again] = await Promise.all([once(sockets, 'new'), rush('B', 1)]);
  const comesBack = once(sockets, 'new');
  again.say('here again');
  assert.deepEqual(await alice.hear(1), ['here again']);
  alice.say(2);
  assert.deepEqual(await again.hear(1), [2]);

  const [back] = await comesBack;
  await Promise.race([back, fresh].map((socket) => once(socket, 'close')));
  assert.equal(fresh.readyState, fresh.OPEN, 'the one that speaks keeps its side');
  alice.say(3);
  assert.deepEqual(await again.hear(1), [3]);
});
