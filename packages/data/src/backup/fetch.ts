/** Brings a base backup and its log from the store into an empty folder, checked. */
import { constants, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { GoblinError } from '@goblin/core';
import { giveTo, type ServerUser } from '../embedded/server-user.ts';
import { partName } from './backup-record.ts';
import { readList } from './base-backup.ts';
import { historyName, segmentName, segmentStart } from './lsn.ts';
import { untar } from './untar.ts';
import type { Vault } from './vault.ts';
import type { RestorePlan } from './wal-plan.ts';

export interface FetchOptions {
  readonly user: ServerUser | undefined;
  readonly signal: AbortSignal;
  onProgress?(step: 'fetch' | 'fetch log', done: number, total: number): void;
}

/** @param cluster a folder that does not exist yet. @throws DATA_DAMAGED, NOT_FOUND, STORE_UNAVAILABLE */
export async function fetchCluster(
  vault: Vault,
  { base, pieces, histories }: RestorePlan,
  cluster: string,
  options: FetchOptions,
): Promise<void> {
  const { user, signal, onProgress } = options;
  await mkdir(cluster, { mode: 0o700 });
  await giveTo(user, cluster);
  const { files } = readList(await vault.getBytes(partName(base.system, base.id, 'files')));
  let done = 0;
  async function* archive(): AsyncGenerator<Uint8Array> {
    for await (const chunk of vault.get(partName(base.system, base.id, 'data'))) {
      signal.throwIfAborted();
      done += chunk.byteLength;
      onProgress?.('fetch', done, base.dataBytes);
      yield chunk;
    }
  }
  await untar(archive(), cluster, files, user);

  const log = join(cluster, 'pg_wal');
  const total = pieces.reduce((sum, { size }) => sum + size, 0);
  let fetched = 0;
  for (const piece of pieces) {
    signal.throwIfAborted();
    const bytes = await vault.getBytes(piece.name);
    if (BigInt(bytes.length) !== piece.end - piece.start) {
      throw new GoblinError('DATA_DAMAGED', {
        message: `${piece.name} has not the length that its name says`,
      });
    }
    const name = join(log, segmentName(piece.timeline, piece.start, base.segmentBytes));
    const offset = Number(piece.start - segmentStart(piece.start, base.segmentBytes));
    await writePart(name, bytes, offset, base.segmentBytes, user);
    fetched += piece.size;
    onProgress?.('fetch log', fetched, total);
  }
  for (const [timeline, text] of histories)
    await writePart(join(log, historyName(timeline)), Buffer.from(text), 0, Buffer.byteLength(text), user);
}

/** Writes into a file that is, or becomes, so long; what is not written reads as zeros, which end the log. */
async function writePart(
  path: string,
  bytes: Buffer,
  offset: number,
  length: number,
  user: ServerUser | undefined,
): Promise<void> {
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    if ((await handle.stat()).size < length) await handle.truncate(length);
    await handle.write(bytes, 0, bytes.length, offset);
    if (user) await handle.chown(user.uid, user.gid);
  } finally {
    await handle.close();
  }
}
