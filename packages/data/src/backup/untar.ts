/** Unpacks the tar archive of a base backup (POSIX ustar, as PostgreSQL writes it) into a folder, and compares each
 * file with the list: its size, its SHA-256, and that none is missing. */
import { createHash, type Hash } from 'node:crypto';
import { chmod, type FileHandle, mkdir, open } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { GoblinError } from '@goblin/core';
import { giveTo, type ServerUser } from '../embedded/server-user.ts';
import type { CopiedFile } from './base-backup.ts';

const BLOCK_BYTES = 512;
const FILE = '0';
const FOLDER = '5';
/** In the archive and not in the list: the first says where recovery begins. */
const UNLISTED: ReadonlySet<string> = new Set(['backup_label', 'tablespace_map']);

interface Entry {
  readonly path: string;
  readonly size: number;
  readonly type: string;
}

interface OpenFile extends Entry {
  readonly handle: FileHandle;
  readonly hash: Hash;
  left: number;
}

/** @param user who shall own what is unpacked. @throws DATA_DAMAGED */
export async function untar(
  archive: AsyncIterable<Uint8Array>,
  folder: string,
  files: readonly CopiedFile[],
  user: ServerUser | undefined,
): Promise<void> {
  const expected = new Map(files.map((file) => [file.path, file]));
  let waiting = Buffer.alloc(0);
  let file: OpenFile | undefined;
  let padding = 0;
  let ended = false;

  async function take(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length && !ended; ) {
      if (file) {
        const part = chunk.subarray(at, at + file.left);
        await file.handle.write(part);
        file.hash.update(part);
        file.left -= part.length;
        at += part.length;
        if (file.left === 0) await close();
      } else if (padding > 0) {
        const skipped = Math.min(padding, chunk.length - at);
        padding -= skipped;
        at += skipped;
      } else {
        const part = chunk.subarray(at, at + BLOCK_BYTES - waiting.length);
        waiting = Buffer.concat([waiting, part]);
        at += part.length;
        if (waiting.length < BLOCK_BYTES) continue;
        const entry = readHeader(waiting);
        waiting = Buffer.alloc(0);
        if (!entry) ended = true;
        else await begin(entry);
      }
    }
  }

  async function begin(entry: Entry): Promise<void> {
    const target = join(folder, entry.path);
    if (entry.type === FOLDER) {
      await mkdir(target, { recursive: true, mode: 0o700 });
      await chmod(target, 0o700);
      return giveTo(user, target);
    }
    if (entry.type !== FILE) throw damaged(`${entry.path} is neither a file nor a folder`);
    const handle = await open(target, 'wx', 0o600);
    file = { ...entry, handle, hash: createHash('sha256'), left: entry.size };
    if (entry.size === 0) await close();
  }

  async function close(): Promise<void> {
    const { handle, hash, path, size } = file!;
    file = undefined;
    padding = (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
    if (user) await handle.chown(user.uid, user.gid);
    await handle.close();
    const listed = expected.get(path);
    expected.delete(path);
    if (!listed && !UNLISTED.has(path)) throw damaged(`${path} is not in the list of files`);
    if (listed && (listed.size !== size || listed.sha256 !== hash.digest('hex')))
      throw damaged(`${path} differs from the list of files`);
  }

  try {
    for await (const chunk of archive)
      await take(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  } finally {
    await file?.handle.close();
  }
  if (!ended) throw damaged('the archive has no end');
  const [missing] = expected.keys();
  if (missing !== undefined) throw damaged(`${missing} is missing`);
}

/** Undefined for the block of zeros that ends an archive. */
function readHeader(block: Buffer): Entry | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  const text = (from: number, length: number): string =>
    block.toString('latin1', from, from + length).replace(/\0.*$/s, '');
  const sum = block.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0);
  if (Number.parseInt(text(148, 8).trim(), 8) !== sum) throw damaged('a header of the archive is damaged');
  const path = normalize(text(345, 155) === '' ? text(0, 100) : `${text(345, 155)}/${text(0, 100)}`);
  if (path.startsWith('/') || path.split('/').includes('..'))
    throw damaged(`${path} leads out of the folder`);
  return { path: path.replace(/\/$/, ''), size: sizeOf(block), type: text(156, 1) || FILE };
}

/** Octal digits, or from 8 GiB on a number in base 256. */
function sizeOf(block: Buffer): number {
  if (block[124]! & 0x80) return Number(block.readBigUInt64BE(128));
  return Number.parseInt(block.toString('latin1', 124, 136).trim() || '0', 8);
}

function damaged(how: string): GoblinError {
  return new GoblinError('DATA_DAMAGED', { message: `the base backup cannot be unpacked: ${how}` });
}
