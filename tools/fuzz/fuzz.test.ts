import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { keepInput, keptInputs } from './corpus.ts';
import { type FuzzOptions, fuzzTarget } from './fuzz-target.ts';
import { judge } from './judge.ts';
import { mutate } from './mutate.ts';
import { seeded } from './random.ts';
import { loadTarget, type TargetFile, targetFile, targetFiles } from './target.ts';

const folder = mkdtempSync(join(tmpdir(), 'goblin-fuzz-'));
cpSync(join(import.meta.dirname, 'fixtures'), folder, { recursive: true });
after(() => rmSync(folder, { recursive: true }));

const target = (name: string): TargetFile => targetFile(join(folder, `${name}.fuzz.ts`));
const options: FuzzOptions = { seed: 1, durationMs: 5_000, keeps: false };

test('each target withstands all that is kept of earlier runs', async () => {
  const files = targetFiles();
  assert.ok(files.length > 0);
  for (const file of files) {
    const found = await loadTarget(file);
    const inputs = keptInputs(file.corpus);
    const seeds = [...(found.seeds?.() ?? [])].map((bytes, at) => ({
      file: `${file.name}, seed ${at}`,
      bytes,
    }));
    assert.ok(inputs.length + seeds.length > 0, `${file.name} has neither seeds nor a corpus`);
    for (const { file, bytes } of [...seeds, ...inputs])
      assert.equal((await judge(found, bytes)).bug, undefined, file);
  }
});

test('a bug behind doors is found, made small and written down with how to see it again', async () => {
  const file = target('planted');
  const { bug } = await fuzzTarget(file, options);
  assert.match(bug!.what, /TypeError: the bug, 2 bytes/);
  assert.equal(readFileSync(bug!.path, 'latin1'), '{}');
  assert.match(readFileSync(`${bug!.path}.txt`, 'utf8'), /npm run fuzz -- planted --input /);
  const again = await judge(await loadTarget(file), readFileSync(bug!.path));
  assert.match(again.bug!, /the bug/);
});

test('a target that does not come back is ended, and the input that it had is known', async () => {
  const file = target('endless');
  keepInput(file.corpus, Buffer.from([1, 2, 3]));
  const { bug } = await fuzzTarget(file, { ...options, hangMs: 1_000 });
  assert.match(bug!.what, /was not over after 1000 ms/);
  assert.deepEqual([...readFileSync(bug!.path)], [1, 2, 3]);
});

test('a target that takes memory as it is told to has a bug', async () => {
  const { bug } = await fuzzTarget(target('greedy'), options);
  assert.match(bug!.what, /allocated \d+ bytes for \d+ bytes/);
});

test('what fails where nobody catches it is a bug too', async () => {
  const { bug } = await fuzzTarget(target('uncaught'), options);
  assert.match(bug!.what, /nobody caught: TypeError/);
});

test('inputs that come to something new are kept, small, when they are wanted', async () => {
  const file = target('lengths');
  assert.equal((await fuzzTarget(file, { ...options, durationMs: 100 })).kept, 0);
  const { kept, outcomes } = await fuzzTarget(file, { ...options, durationMs: 100, keeps: true });
  assert.deepEqual([kept, outcomes], [1, 2]);
  assert.equal(keptInputs(file.corpus)[0]!.bytes.length, 41);
});

test('the same seed makes the same inputs, and another one others', () => {
  const pool = [Buffer.from('{"kind":"here"}'), Buffer.from([0, 0, 0, 9, 3])];
  const inputs = (seed: number): string => {
    const random = seeded(seed);
    return Array.from({ length: 50 }, () => Buffer.from(mutate(pool, random)).toString('hex')).join();
  };
  assert.equal(inputs(7), inputs(7));
  assert.notEqual(inputs(7), inputs(8));
});
