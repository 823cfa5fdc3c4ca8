import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { partsOf } from '../fixtures/blob-store-cases.ts';
import type { CopiedFile } from './base-backup.ts';
import { untar } from './untar.ts';

const root = mkdtempSync(join(tmpdir(), 'goblin-untar-'));
after(() => rmSync(root, { recursive: true }));

function entry(path: string, content: Buffer, type = '0'): Buffer {
  const header = Buffer.alloc(512);
  header.write(path, 0);
  header.write(`${content.length.toString(8).padStart(11, '0')} `, 124);
  header.write(type, 156);
  header.write(' '.repeat(8), 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

const END = Buffer.alloc(1_024);
const nothing = Buffer.alloc(0);
const listed = (path: string, content: Buffer): CopiedFile => ({
  path,
  size: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
});
const unpack = async (
  archive: Buffer,
  files: readonly CopiedFile[],
  step = archive.length,
): Promise<string> => {
  const folder = mkdtempSync(join(root, 'to-'));
  const parts: Buffer[] = [];
  for (let at = 0; at < archive.length; at += step) parts.push(archive.subarray(at, at + step));
  await untar(partsOf(...parts), folder, files, undefined);
  return folder;
};

test('files and folders come out as they went in, however the archive is cut', async () => {
  const [one, two] = [randomBytes(5_000), randomBytes(512)];
  const archive = Buffer.concat([
    entry('backup_label', Buffer.from('label')),
    entry('./base/', nothing, '5'),
    entry('base/1', one),
    entry('base/empty', nothing),
    entry('base/2', two),
    END,
  ]);
  const files = [listed('base/1', one), listed('base/2', two), listed('base/empty', nothing)];
  for (const step of [archive.length, 512, 1_000, 37]) {
    const folder = await unpack(archive, files, step);
    assert.ok(readFileSync(join(folder, 'base/1')).equals(one));
    assert.ok(readFileSync(join(folder, 'base/2')).equals(two));
  }
});

test('what is not as the list says is damage', async () => {
  const content = randomBytes(100);
  const file = entry('file', content);
  const list = [listed('file', content)];
  const damages: [Buffer, readonly CopiedFile[], RegExp][] = [
    [Buffer.concat([file, END]), [listed('file', randomBytes(100))], /file differs/],
    [Buffer.concat([file, END]), [], /not in the list/],
    [END, list, /file is missing/],
    [file, list, /no end/],
    [Buffer.concat([file.subarray(0, 550), END]), list, /.*/],
    [Buffer.concat([Buffer.from('x'), file.subarray(1), END]), list, /header/],
    [Buffer.concat([entry('../file', content), END]), [listed('../file', content)], /leads out/],
    [Buffer.concat([entry('/file', content), END]), [listed('/file', content)], /leads out/],
    [Buffer.concat([entry('link', nothing, '2'), END]), [], /neither a file nor a folder/],
    [randomBytes(5_120), list, /header/],
  ];
  for (const [archive, files, message] of damages)
    await assert.rejects(unpack(archive, files), { code: 'DATA_DAMAGED', message });
});
