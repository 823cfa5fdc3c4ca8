import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createPrivateFile } from './private-file.ts';

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'goblin-private-'));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('a private file can be read by its owner only, and so can the folders made for it', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'secrets', 'key');
    assert.equal(await createPrivateFile(path, 'text'), true);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal((await stat(join(folder, 'secrets'))).mode & 0o777, 0o700);
  }));

test('of many that make a private file at once one does, whole, and nothing else is left', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'key');
    const texts = Array.from({ length: 20 }, (_, i) => `${i}`.repeat(10_000));
    const made = await Promise.all(texts.map((text) => createPrivateFile(path, text)));
    assert.equal(made.filter(Boolean).length, 1);
    assert.equal(await readFile(path, 'utf8'), texts[made.indexOf(true)]);
    assert.deepEqual(await readdir(folder), ['key']);
  }));

test('where a private file cannot be made the reason of the system is told', () =>
  inFolder(async (folder) => {
    await createPrivateFile(join(folder, 'file'), '');
    await assert.rejects(createPrivateFile(join(folder, 'file', 'key'), ''), { code: 'EEXIST' });
  }));
