/** Makes a base backup of the running cluster: its files, the log that makes them whole, and the counts to compare
 * with. What is killed on the way leaves data without a record, which is never listed and later swept away. */

import { type BackupRecord, newBackupId, partName, writeRecord } from './backup-record.ts';
import { baseBackup } from './base-backup.ts';
import { lsnOf, lsnText } from './lsn.ts';
import type { Session } from './session.ts';
import { type Identity, identify, type Site, siteReplication, siteSession } from './site.ts';
import { countTables, databasesOf, type FirstCount, type TableCount } from './table-counts.ts';
import type { Vault } from './vault.ts';
import { archiveWal, SLOT, untilArchived } from './wal-archiver.ts';

/** The log is archived so quickly while a backup waits for it. */
const ARCHIVE_EVERY_MS = 200;
const ARCHIVE_TIMEOUT_MS = 600_000;

export type BackupStep = 'copy' | 'log' | 'count';

export interface TakeBackupOptions {
  readonly signal?: AbortSignal;
  /** Bytes so far, and about how many there will be where that is known. */
  onProgress?(step: BackupStep, done: number, total: number | undefined): void;
}

/** @returns its record: the backup is there, and not called good before `verifyBackup` has restored it.
 * @throws DATABASE_UNAVAILABLE, STORE_UNAVAILABLE, DATA_DAMAGED when pages of the database fail their checksum */
export async function takeBackup(site: Site, options: TakeBackupOptions = {}): Promise<BackupRecord> {
  const ending = new AbortController();
  const signal = AbortSignal.any([ending.signal, ...(options.signal ? [options.signal] : [])]);
  await using session = await siteSession(site, signal);
  const { slot, archiving } = await archiverOf(site, session, signal);
  const identity = await identify(session);
  const startedAt = await clockOf(session);
  const making: Making = { id: newBackupId(startedAt), identity, startedAt, slot, signal, options };
  const made = make(site, session, making);
  try {
    // The archiver ends first only when it fails.
    const record = await Promise.race([made, archiving.then(() => made)]);
    await writeRecord(site.vault, record);
    return record;
  } catch (error) {
    ending.abort(error);
    await made.catch(() => {});
    await discard(site.vault, identity.system, making.id);
    options.signal?.throwIfAborted();
    throw error;
  } finally {
    ending.abort();
    await archiving.catch(() => {});
  }
}

interface Making {
  readonly id: string;
  readonly identity: Identity;
  readonly startedAt: Date;
  readonly slot: string;
  readonly signal: AbortSignal;
  readonly options: TakeBackupOptions;
}

async function make(site: Site, session: Session, making: Making): Promise<BackupRecord> {
  const { id, identity, startedAt, slot, signal } = making;
  const { onProgress } = making.options;
  const { system, segmentBytes, postgres } = identity;
  const copied = await copyFiles(site, session, making);

  await using sessions = new AsyncDisposableStack();
  const counts: FirstCount[] = [];
  onProgress?.('count', 0, undefined);
  for (const database of await databasesOf(session)) {
    const one = sessions.use(await siteSession(site, signal, database));
    counts.push(await countTables(one, database));
  }
  const end = await restorePoint(session, id);
  onProgress?.('log', 0, undefined);
  const patience = AbortSignal.timeout(ARCHIVE_TIMEOUT_MS);
  await untilArchived(site, slot, end.lsn, AbortSignal.any([signal, patience]));
  onProgress?.('count', 0, undefined);
  const tables: TableCount[] = [];
  for (const { again } of counts) tables.push(...(await again()));
  return {
    version: 1,
    id,
    system,
    postgres,
    segmentBytes,
    ...copied,
    endLsn: lsnText(end.lsn),
    startedAt: startedAt.toISOString(),
    endedAt: end.at.toISOString(),
    tables,
  };
}

type Copied = Pick<BackupRecord, 'timeline' | 'startLsn' | 'files' | 'dataBytes' | 'storedBytes'>;

async function copyFiles(site: Site, session: Session, making: Making): Promise<Copied> {
  const { id, identity, signal, options } = making;
  await using replication = await siteReplication(site);
  const base = baseBackup(replication, `goblin ${id}`);
  const expectedBytes = await sizeOf(session);
  let dataBytes = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of base.tar) {
      signal.throwIfAborted();
      dataBytes += chunk.byteLength;
      options.onProgress?.('copy', dataBytes, Math.max(expectedBytes, dataBytes));
      yield chunk;
    }
  }
  const stop = (): void => replication.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const data = partName(identity.system, id, 'data');
    const storedBytes = await site.vault.put(data, counted());
    const { startLsn, timeline, files, list } = base.copied();
    await site.vault.putBytes(partName(identity.system, id, 'files'), list);
    return { timeline, startLsn: lsnText(startLsn), files: files.length, dataBytes, storedBytes };
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Whoever archives anyway does it for this backup too; otherwise we do. */
async function archiverOf(
  site: Site,
  session: Session,
  signal: AbortSignal,
): Promise<{ slot: string; archiving: Promise<void> }> {
  const [lasting] = await session.rows<{ active: boolean }>(
    'select active from pg_replication_slots where slot_name = $1',
    [SLOT],
  );
  if (lasting?.active) return { slot: SLOT, archiving: untilAborted(signal) };
  const everyMs = ARCHIVE_EVERY_MS;
  if (lasting) return { slot: SLOT, archiving: archiveWal(site, { everyMs }, signal) };
  const temporarySlot = `${SLOT}_${process.pid}`;
  return { slot: temporarySlot, archiving: archiveWal(site, { everyMs, temporarySlot }, signal) };
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** A mark in the log, by whose name recovery finds it. */
async function restorePoint(session: Session, id: string): Promise<{ lsn: bigint; at: Date }> {
  const [row] = await session.rows<{ lsn: string; at: Date }>(
    'select pg_create_restore_point($1)::text as lsn, clock_timestamp() as at',
    [id],
  );
  return { lsn: lsnOf(row!.lsn), at: row!.at };
}

async function clockOf(session: Session): Promise<Date> {
  return (await session.rows<{ now: Date }>('select clock_timestamp() as now'))[0]!.now;
}

async function sizeOf(session: Session): Promise<number> {
  const [row] = await session.rows<{ bytes: string }>(
    'select sum(pg_database_size(oid))::text as bytes from pg_database',
  );
  return Number(row!.bytes);
}

/** Deletes what there is of a backup; the record first, so that none is listed whose data is gone. */
export async function discard(vault: Vault, system: string, id: string): Promise<void> {
  for (const part of ['record', 'files', 'data'] as const) await vault.delete(partName(system, id, part));
}
