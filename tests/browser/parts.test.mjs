/** The parts of the pages that need no browser. */

import assert from 'node:assert/strict';
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

/** Browsers take the files of the pages for modules; Node would only by another name. */
async function part(name) {
  const text = await readFile(new URL(`../../web/demo/${name}`, import.meta.url), 'utf8');
  return import(`data:text/javascript,${encodeURIComponent(text)}`);
}

const { Sha256 } = await part('sha256.js');
const { cleanName } = await part('names.js');
const { bytes, clock, duration } = await part('units.js');
const { parse } = await part('send-wire.js');
const { Metrics } = await part('status-metrics.js');
const { Series, SPAN } = await part('status-series.js');

const expected = (content) => createHash('sha256').update(content).digest('hex');

test('SHA-256 is that of everybody, whatever the pieces', () => {
  for (let length = 0; length < 260; length += 1) {
    const content = randomBytes(length);
    const hash = new Sha256();
    for (let at = 0; at < length; ) {
      const next = at + randomInt(1, 100);
      hash.update(content.subarray(at, next));
      at = next;
    }
    assert.equal(hash.digest(), expected(content), `${length} bytes`);
  }
  const content = randomBytes(3 * 2 ** 20 + 1);
  assert.equal(new Sha256().update(content.subarray(0, 1_000_003)).update(content.subarray(1_000_003)).digest(), expected(content));
  assert.equal(new Sha256().update(new TextEncoder().encode('abc')).digest(), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('names of strangers lose what hides, turns around or leads elsewhere', () => {
  for (const [name, clean] of [
    ['notes.txt', 'notes.txt'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\Users\\me\\cv.pdf', 'cv.pdf'],
    ['photo\u202egpj.exe', 'photogpj.exe'],
    ['a\u0000b\r\nc\u200b.txt', 'abc.txt'],
    ['what?<i>*.txt', 'what__i__.txt'],
    ['  two   words.md ', 'two words.md'],
    ['\ud800.txt', '\ufffd.txt'],
    ['👩\u200d🚀.png', '👩\u200d🚀.png'],
    ['نص.txt', 'نص.txt'],
    ['', 'unnamed'],
    ['..', 'unnamed'],
    ['\u202e', 'unnamed'],
    ['.bashrc', '.bashrc'],
  ]) {
    assert.equal(cleanName(name), clean, JSON.stringify(name));
  }
  const long = cleanName(`${'a'.repeat(5000)}.tar.gz`);
  assert.equal(long.length, 255);
  assert.match(long, /^a+….gz$/);
  assert.ok(cleanName('🚀'.repeat(500)).isWellFormed?.() ?? true);
});

test('sizes and times are told as people tell them', () => {
  assert.deepEqual([0, 1, 999, 1000, 104_857_600, 999_999, 5e12].map((count) => bytes(count)), [
    '0 bytes',
    '1 byte',
    '999 bytes',
    '1 kB',
    '105 MB',
    '1 MB',
    '5 TB',
  ]);
  assert.deepEqual([0, 59.9, 61, 3_661, 90_000].map(duration), ['0 s', '59 s', '1 min 1 s', '1 h 1 min', '1 d 1 h']);
  assert.deepEqual([600, 59.2, -1].map(clock), ['10:00', '1:00', '0:00']);
});

test('frames of the other side are taken in no other shape', () => {
  const good = [
    { type: 'file', id: 1, name: 'a', size: 0 },
    { type: 'accept', id: 1 },
    { type: 'got', id: 1, bytes: 5 },
    { type: 'end', id: 1, sha256: 'a'.repeat(64) },
    { type: 'check', id: 1, sha256: '0'.repeat(64) },
    { type: 'cancel', id: 1 },
  ];
  for (const frame of good) assert.deepEqual(parse(JSON.stringify(frame)), frame);
  const bad = [
    '',
    'null',
    '[]',
    '{',
    '{"type":"file"}',
    '{"type":"file","id":1,"name":"a","size":-1}',
    '{"type":"file","id":1,"name":"a","size":1.5}',
    '{"type":"file","id":1,"name":"a","size":9007199254740993}',
    '{"type":"file","id":1,"name":{},"size":1}',
    '{"type":"got","id":1,"bytes":"5"}',
    '{"type":"end","id":1,"sha256":"abc"}',
    '{"type":"cancel","id":"1"}',
    '{"type":"constructor","id":1}',
    '{"type":"toString","id":1}',
    JSON.stringify({ type: 'file', id: 1, name: 'a'.repeat(9000), size: 1 }),
  ];
  for (const text of bad) assert.equal(parse(text), null, text.slice(0, 80));
});

test('the Prometheus text is read with its labels', () => {
  const metrics = new Metrics(
    '# HELP a b\n# TYPE a counter\na{x="1",y="q\\"\\\\\\n}"} 2\na{x="2"} 3.5 1700000000000\nb 1e3\nc +Inf\n\nd{le="0.5"} 4\nnonsense\n',
  );
  assert.equal(metrics.sum('a'), 5.5);
  assert.equal(metrics.sum('a', ({ x }) => x === '1'), 2);
  assert.equal(metrics.label('a', 'y'), 'q"\\\n}');
  assert.deepEqual([metrics.sum('b'), metrics.sum('c'), metrics.sum('d'), metrics.sum('e')], [1000, Infinity, 4, undefined]);
});

test('a rate is measured over some seconds, begins anew with the server, and leaves a gap where nothing was known', () => {
  const series = new Series({ per: 1, over: 2 });
  for (const [at, total] of [[0, 100], [1, 110], [2, 120], [3, 130], [4, 160]]) series.add(at * 1000, total);
  assert.deepEqual(series.points.map(({ value }) => value), [NaN, 10, 10, 10, 20]);
  series.add(5000, 4);
  assert.ok(Number.isNaN(series.now), 'the server has begun anew');
  series.add(6000, 6);
  assert.equal(series.now, 2);
  series.miss(7000);
  series.miss(8000);
  assert.ok(Number.isNaN(series.now));
  series.add(9000, 7);
  assert.ok(Number.isNaN(series.now), 'a rate needs two looks');
  assert.equal(series.points.length, 9);
  assert.deepEqual(series.range, { least: 2, most: 20, mean: 10.4 });
  series.add(SPAN + 4500, 8);
  assert.deepEqual(series.points.map(({ at }) => at), [5000, 6000, 7000, 9000, SPAN + 4500], 'what is too old is forgotten');
});
