import assert from 'node:assert/strict';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { blobStoreCases, contentOf, partsOf } from '../fixtures/blob-store-cases.ts';
import { directoryStore } from './directory-store.ts';

const root = mkdtempSync(join(tmpdir(), 'goblin-store-'));
after(() => rmSync(root, { recursive: true }));
const folder = (): string => mkdtempSync(join(root, 'store-'));

blobStoreCases('a directory', () => directoryStore(folder()));

test('a changed byte, a cut file and a foreign file are damage, which is told with the path', async () => {
  const path = folder();
  const store = await directoryStore(path);
  const file = join(path, 'a', 'blob');
  const put = async (): Promise<Buffer> => {
    await store.put('a/blob', partsOf(Buffer.alloc(1_000, 'x')));
    return readFileSync(file);
  };
  const whole = await put();
  const damages: (() => void)[] = [
    () => writeFileSync(file, whole.fill('y', 500, 501)),
    () => truncateSync(file, whole.length - 1),
    () => truncateSync(file, 10),
    () => writeFileSync(file, 'something else that is longer than a trailer is'),
  ];
  for (const damage of damages) {
    await put();
    damage();
    await assert.rejects(contentOf(store.get('a/blob')), { code: 'DATA_DAMAGED', message: new RegExp(file) });
  }
});

test('what a killed process left is swept away after a day', async () => {
  const path = folder();
  await directoryStore(path);
  const left = join(path, '.incoming', 'left');
  writeFileSync(left, 'half');
  await directoryStore(path);
  assert.deepEqual(readdirSync(join(path, '.incoming')), ['left']);
  const before = Date.now() / 1_000 - 90_000;
  utimesSync(left, before, before);
  await directoryStore(path);
  assert.deepEqual(readdirSync(join(path, '.incoming')), []);
});

test('a folder that cannot be used is an error that names it', async () => {
  const file = join(folder(), 'file');
  writeFileSync(file, '');
  await assert.rejects(directoryStore(file), { code: 'STORE_UNAVAILABLE', message: new RegExp(file) });
});
