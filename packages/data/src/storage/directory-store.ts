/** Blobs as files of a folder (blob-file.ts says how one looks).
 *
 * A blob is written beside the others under `.incoming/`, synced to the disk, renamed, and the folder is synced. What a
 * killed process leaves there is swept away after a day. A full disk is STORE_UNAVAILABLE and leaves the old blob. */
import { randomUUID } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { GoblinError, systemClock } from '@goblin/core';
import { readBlob, readTrailer, TRAILER_BYTES, writeBlob } from './blob-file.ts';
import { type BlobLinks, signLink } from './blob-links.ts';
import {
  alreadyThere,
  type BlobInfo,
  type BlobStore,
  type ByteRange,
  checkContentType,
  checkKey,
  checkRange,
  MAX_IF_ABSENT_BYTES,
  notThere,
  type PutOptions,
  tooLargeIfAbsent,
} from './blob-store.ts';

const INCOMING = '.incoming';
const ABANDONED_MS = 86_400_000;

export interface DirectoryStoreOptions {
  /** Where others get its blobs by URLs that were made for them: blob-handler.ts answers there. */
  readonly links?: BlobLinks;
}

/** Makes the folder where there is none. @throws STORE_UNAVAILABLE when it cannot be used */
export async function directoryStore(path: string, options: DirectoryStoreOptions = {}): Promise<BlobStore> {
  const root = resolve(path);
  const where = `the folder ${root}`;
  const unavailable = (error: unknown): GoblinError => explain(error, where);
  try {
    await mkdir(join(root, INCOMING), { recursive: true, mode: 0o700 });
    await sweep(join(root, INCOMING));
  } catch (error) {
    throw unavailable(error);
  }
  const fileOf = (key: string): string => {
    checkKey(key);
    return join(root, key);
  };

  async function put(
    key: string,
    body: AsyncIterable<Uint8Array>,
    { contentType = '', ifAbsent = false }: PutOptions = {},
  ): Promise<BlobInfo> {
    const target = fileOf(key);
    if (contentType !== '') checkContentType(contentType);
    const unfinished = join(root, INCOMING, randomUUID());
    const file = await open(unfinished, 'wx', 0o600).catch((error) => {
      throw unavailable(error);
    });
    try {
      const content = ifAbsent ? bounded(body, () => tooLargeIfAbsent(key)) : body;
      const size = await writeBlob(file, content, contentType, unavailable).finally(() => file.close());
      await publish(unfinished, target, root, ifAbsent).catch((error) => {
        if (ifAbsent && error.code === 'EEXIST') throw alreadyThere(where, key);
        throw unavailable(error);
      });
      return {
        key,
        size,
        modifiedAt: new Date(systemClock.wall()),
        ...(contentType !== '' && { contentType }),
      };
    } finally {
      await rm(unfinished, { force: true });
    }
  }

  async function* get(key: string, range?: ByteRange): AsyncGenerator<Uint8Array> {
    const file = fileOf(key);
    if (range) checkRange(range);
    try {
      yield* readBlob(file, key, range);
    } catch (error) {
      throw isAbsent(error) ? notThere(where, key) : unavailable(error);
    }
  }

  async function info(key: string): Promise<BlobInfo | undefined> {
    const path = fileOf(key);
    try {
      await using file = await open(path);
      const { size, contentType } = await readTrailer(file, path);
      return { key, size, modifiedAt: (await file.stat()).mtime, contentType };
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw unavailable(error);
    }
  }

  return {
    where,
    put,
    get,
    info,
    async *list(prefix, { after = '' } = {}) {
      if (prefix !== '') checkKey(prefix.replace(/\/$/, ''));
      yield* walk(root, '', prefix, after);
    },
    async delete(key) {
      await rm(fileOf(key), { force: true }).catch((error) => {
        throw unavailable(error);
      });
    },
    close: async () => {},
    async presign(key, presign) {
      checkKey(key);
      if (options.links) return signLink(options.links, key, presign);
      throw new GoblinError('FAILED_PRECONDITION', {
        message: `${where} has no address for others: give directoryStore \`links\`, and answer there by blobHandler`,
      });
    },
  };
}

/** There is no such file, or the folder is a blob, or the blob is a folder. */
const ABSENT: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'EISDIR']);

function isAbsent(error: unknown): boolean {
  return ABSENT.has((error as NodeJS.ErrnoException).code);
}

async function* bounded(
  body: AsyncIterable<Uint8Array>,
  tooLarge: () => GoblinError,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > MAX_IF_ABSENT_BYTES) throw tooLarge();
    yield chunk;
  }
}

async function publish(unfinished: string, target: string, root: string, ifAbsent: boolean): Promise<void> {
  await makeFolder(dirname(target), root);
  // A link is made where there is none, or fails; a rename replaces.
  if (ifAbsent) await link(unfinished, target);
  else await rename(unfinished, target);
  await syncFolder(dirname(target));
}

/** Depth first in the order of keys: a folder sorts as its name with the slash. */
async function* walk(root: string, below: string, prefix: string, after: string): AsyncGenerator<BlobInfo> {
  const entries = await readdir(join(root, below), { withFileTypes: true }).catch((error) => {
    if (error.code === 'ENOENT') return [];
    throw explain(error, `the folder ${root}`);
  });
  const name = (entry: Dirent): string => `${below}${entry.name}${entry.isDirectory() ? '/' : ''}`;
  for (const entry of entries.sort((a, b) => (name(a) < name(b) ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue;
    const key = name(entry);
    if (entry.isDirectory()) {
      // All that it holds may stand before `after`.
      const isBehind = key > after || after.startsWith(key);
      if (isBehind && (key.startsWith(prefix) || prefix.startsWith(key)))
        yield* walk(root, key, prefix, after);
    } else if (key.startsWith(prefix) && key > after) {
      // It may have been deleted meanwhile.
      const found = await stat(join(root, key)).catch(() => undefined);
      if (found) yield { key, size: Math.max(0, found.size - TRAILER_BYTES), modifiedAt: found.mtime };
    }
  }
}

/** Makes a folder and the missing ones above it durable. */
async function makeFolder(folder: string, root: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let above = dirname(folder); above.startsWith(root); above = dirname(above)) await syncFolder(above);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  await handle.sync();
  await handle.close();
}

async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found && systemClock.wall() - found.mtimeMs > ABANDONED_MS)
      await rm(join(folder, name), { force: true });
  }
}

function explain(error: unknown, where: string): GoblinError {
  if (error instanceof GoblinError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const reason =
    code === 'ENOSPC' || code === 'EDQUOT'
      ? 'the disk is full'
      : code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
        ? 'this user may not write there'
        : message;
  return new GoblinError('STORE_UNAVAILABLE', {
    message: `${where} cannot be used: ${reason}`,
    cause: error,
  });
}
