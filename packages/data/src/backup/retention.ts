/** Deletes what is not needed any more: base backups, and the log that only they needed. The last good backup and the log
 * from it on are never deleted, however old. Of those that turned out bad the newest is kept, to be looked into. */
import { systemClock } from '@goblin/core';
import { type BackupRecord, listRecords, stateOf } from './backup-record.ts';
import { lsnOf } from './lsn.ts';
import { discard } from './take-backup.ts';
import type { Vault } from './vault.ts';
import { listPieces } from './wal-archive.ts';

/** Data without a record is of a backup that is being made, or was killed. */
const ABANDONED_MS = 172_800_000;

export interface Retention {
  /** Each moment of so long can be restored. Milliseconds. */
  readonly windowMs: number;
  /** And so many good backups are kept at least. */
  readonly backups: number;
}

export interface Expired {
  readonly backups: readonly string[];
  readonly pieces: number;
  /** Bytes in the store. */
  readonly bytes: number;
}

/** @throws STORE_UNAVAILABLE */
export async function expireBackups(vault: Vault, retention: Retention): Promise<Expired> {
  const records = await listRecords(vault);
  const nowMs = systemClock.wall();
  const kept = keptRecords(records, retention, nowMs);
  const expired = records.filter((record) => !kept.has(record));
  for (const { system, id } of expired) await discard(vault, system, id);
  await sweepAbandoned(vault, records, nowMs);
  const log = await expireLog(vault, records, [...kept]);
  const bytes = expired.reduce((sum, { storedBytes }) => sum + storedBytes, log.bytes);
  return { backups: expired.map(({ id }) => id), pieces: log.pieces, bytes };
}

/** The good ones that the window or the number needs, and what is newer than the oldest of them and was not found bad. */
export function keptRecords(
  records: readonly BackupRecord[],
  { windowMs, backups }: Retention,
  nowMs: number,
): Set<BackupRecord> {
  const good = records.filter((record) => stateOf(record) === 'good');
  // A window begins with the backup before it.
  const before = good.findLastIndex(({ endedAt }) => Date.parse(endedAt) <= nowMs - windowMs);
  const first = good[Math.max(0, Math.min(before, good.length - Math.max(1, backups)))];
  const lastBad = records.findLast((record) => stateOf(record) === 'bad');
  const candidates = first ? records.slice(records.indexOf(first)) : records;
  return new Set(candidates.filter((record) => stateOf(record) !== 'bad' || record === lastBad));
}

/** A piece is needed when a kept backup of its timeline, or of one before, begins before its end. */
async function expireLog(
  vault: Vault,
  all: readonly BackupRecord[],
  kept: readonly BackupRecord[],
): Promise<{ pieces: number; bytes: number }> {
  let pieces = 0;
  let bytes = 0;
  for (const system of new Set(all.map((record) => record.system))) {
    const needed = kept.filter((record) => record.system === system);
    for (const { name, timeline, end, size } of await listPieces(vault, system)) {
      if (needed.some((record) => record.timeline <= timeline && lsnOf(record.startLsn) < end)) continue;
      await vault.delete(name);
      pieces += 1;
      bytes += size;
    }
  }
  return { pieces, bytes };
}

async function sweepAbandoned(vault: Vault, records: readonly BackupRecord[], nowMs: number): Promise<void> {
  const known = new Set(records.map(({ system, id }) => `${system}/${id}`));
  for await (const { key, modifiedAt } of vault.list('base/')) {
    const [, system = '', id = ''] = key.split('/');
    if (!known.has(`${system}/${id}`) && nowMs - modifiedAt.getTime() > ABANDONED_MS)
      await discard(vault, system, id);
  }
}
