import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { program } from '../fixtures/processes.ts';
import { exclusive, tryExclusive, tryShared } from './kernel-lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'goblin-lock-'));
after(() => rmSync(folder, { recursive: true }));

test('one holder at a time, between processes and within one', async () => {
  const path = join(folder, 'one');
  await using holder = program('lock-holder', path);
  await holder.next();
  assert.equal(tryExclusive(path), undefined);
  assert.equal(tryShared(path), undefined);
  await holder.end();
  const mine = tryExclusive(path);
  assert.ok(mine);
  assert.equal(tryExclusive(path), undefined);
  mine.release();
});

test('kill -9 of the holder frees the lock', async () => {
  const path = join(folder, 'killed');
  const holder = program('lock-holder', path);
  await holder.next();
  await holder.kill();
  (await exclusive(path, 1_000)).release();
});

test('shared holders keep out who wants to be alone, and nobody else', () => {
  const path = join(folder, 'shared');
  const first = tryShared(path)!;
  const second = tryShared(path)!;
  assert.ok(first && second);
  assert.equal(tryExclusive(path), undefined);
  first.release();
  assert.equal(tryExclusive(path), undefined);
  second.release();
  const alone = tryExclusive(path);
  assert.ok(alone);
  alone.release();
});

test('a lock that never comes free is an error that names the file', async () => {
  const path = join(folder, 'stuck');
  const held = tryExclusive(path)!;
  await assert.rejects(exclusive(path, 30), { code: 'DATABASE_UNAVAILABLE', message: new RegExp(path) });
  held.release();
});

test('a lock file that cannot be made is an error that says why', async () => {
  await assert.rejects(exclusive(join(folder, 'no', 'such', 'folder'), 30), {
    code: 'DATABASE_UNAVAILABLE',
    message: /no such file/i,
  });
});
