import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEMO, meet, PLAIN, REACT, visit } from './support/strangers.mjs';

for (const [first, second] of [[PLAIN, PLAIN], [PLAIN, REACT], [REACT, PLAIN], [REACT, REACT]]) {
  test(`${second} calls ${first} and both see each other`, async (t) => {
    const words = await meet(await visit(t, first), await visit(t, second));
    assert.deepEqual(words, ['called', 'calling']);
  });
}

for (const [first, second] of [[REACT, DEMO], [DEMO, REACT], [DEMO, PLAIN]]) {
  test(`${second} calls ${first}, one of them meetpoint's own page, and both see each other`, async (t) => {
    await meet(await visit(t, first), await visit(t, second));
  });
}
