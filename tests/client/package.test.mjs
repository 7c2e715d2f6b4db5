/** What npm ships: its files, its types, its size, and that it runs wherever JavaScript does. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { serve } from './support/stage.mjs';

const run = promisify(execFile);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const CLIENT = here('../../web/client');
const TSC = here('node_modules/.bin/tsc');
const MODULES = ['connection', 'events', 'match', 'meetpoint', 'negotiate', 'pairing', 'rendezvous', 'room', 'session'];

/** A project of somebody else's, which has installed the package. */
let project;
let packed;

before(async () => {
  project = await mkdtemp(join(tmpdir(), 'meetpoint-consumer-'));
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', project], { cwd: CLIENT });
  [packed] = JSON.parse(stdout.slice(stdout.indexOf('[\n')));
  await mkdir(join(project, 'node_modules/meetpoint'), { recursive: true });
  await run('tar', ['--extract', '--gzip', '--strip-components=1', '--file', packed.filename, '--directory', 'node_modules/meetpoint'], { cwd: project });
  for (const name of ['@types', 'react', 'ws']) await symlink(here(`node_modules/${name}`), join(project, 'node_modules', name));
  for (const name of ['main.ts', 'main.mjs']) await copyFile(here(`consumer/${name}`), join(project, name));
  await writeFile(join(project, 'package.json'), '{ "type": "module" }');
});

after(() => rm(project, { recursive: true, force: true }));

test('the package holds the modules, their types and how to use them, and depends on nothing', async () => {
  const files = packed.files.map(({ path }) => path).sort();
  const modules = MODULES.map((name) => `client/${name}`);
  const expected = ['README.md', 'package.json', ...['client', 'react', ...modules].flatMap((name) => [`${name}.js`, `types/${name}.d.ts`])];
  assert.deepEqual(files, expected.sort());
  const { dependencies, sideEffects, exports, type, peerDependenciesMeta } = JSON.parse(await readFile(join(CLIENT, 'package.json'), 'utf8'));
  assert.deepEqual([dependencies, sideEffects, type, peerDependenciesMeta.react.optional], [undefined, false, 'module', true]);
  for (const entry of Object.values(exports)) assert.equal(Object.keys(entry)[0], 'types');
});

test('the types say what the modules are, and nothing of what is internal', async () => {
  const types = await readFile(join(project, 'node_modules/meetpoint/types/client/match.d.ts'), 'utf8');
  assert.match(types, /next\(options\?: \{/);
  assert.doesNotMatch(types, /hear\(|\bend\(|constructor/);
});

for (const [module, moduleResolution] of [['nodenext', 'nodenext'], ['esnext', 'bundler']]) {
  test(`a strict program in TypeScript finds the types by ${moduleResolution}`, async () => {
    const options = ['--strict', '--noEmit', '--target', 'es2022', '--lib', 'es2023,dom,dom.iterable', '--types', 'react', '--exactOptionalPropertyTypes'];
    await run(TSC, [...options, '--module', module, '--moduleResolution', moduleResolution, 'main.ts'], { cwd: project }).catch(({ stdout }) => assert.fail(stdout));
  });
}

test('a program runs with the package in Node, and React is not asked for', async (t) => {
  const { url } = await serve(t);
  await rm(join(project, 'node_modules/react'));
  t.after(() => symlink(here('node_modules/react'), join(project, 'node_modules/react')));
  const { stdout } = await run(process.execPath, ['main.mjs', url], { cwd: project, timeout: 20_000 });
  assert.deepEqual(JSON.parse(stdout), { heard: 'hello', features: ['match', 'rooms', 'resume'], room: 'tea', same: true });
});

const RUNTIMES = {
  Bun: [here('node_modules/@oven/bun-linux-x64-baseline/bin/bun'), 'run', '--no-install'],
  Deno: [here('node_modules/@deno/linux-x64-glibc/deno'), 'run', '--allow-net', '--allow-read', '--allow-env', '--no-remote', '--cached-only', '--node-modules-dir=manual'],
};
for (const [name, [program, ...options]] of Object.entries(RUNTIMES)) {
  test(`and in ${name}, with its own WebSocket`, { skip: !existsSync(program) && 'not for this platform' }, async (t) => {
    const { url } = await serve(t);
    const { stdout } = await run(program, [...options, 'main.mjs', url], { cwd: project, timeout: 30_000 });
    assert.deepEqual(JSON.parse(stdout), { heard: 'hello', features: ['match', 'rooms', 'resume'], room: 'tea', same: true });
  });
}

/** Without comments and indentation. */
const strip = (source) => source.replace(/\/\*\*.*?\*\//gs, '').replace(/^\s*\/\/.*$/gm, '').replace(/^\s+/gm, '');

/** The module and all that it imports, in the order in which they run. */
async function load(path, seen = new Set()) {
  if (seen.has(path)) return '';
  seen.add(path);
  const source = await readFile(path, 'utf8');
  const imported = [...source.matchAll(/^(?:import|export) .* from '(\.[^']+)';$/gm)].map(([, name]) => join(dirname(path), name));
  let all = '';
  for (const name of imported) all += await load(name, seen);
  return all + strip(source);
}

test('the client is small: 8 KiB, gzipped', async (t) => {
  const seen = new Set();
  const client = await load(join(CLIENT, 'client.js'), seen);
  assert.equal(seen.size, 1 + (await readdir(join(CLIENT, 'client'))).length, 'everything is in it');
  const hook = await load(join(CLIENT, 'react.js'), seen);
  for (const source of [client, hook]) assert.doesNotMatch(source, /@typedef|@param/);
  const size = (source) => gzipSync(source, { level: 9 }).length;
  t.diagnostic(`the client ${size(client)} bytes, and ${size(client + hook) - size(client)} more with the hook`);
  assert.ok(size(client) <= 8192, `${size(client)} bytes`);
});
