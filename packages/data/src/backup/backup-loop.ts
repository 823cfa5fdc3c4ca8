/** Keeps the backups of the embedded database going: the log without a pause, a base backup when one is due, its
 * verification, retention. Any number of processes may run it: one archives (it holds the slot), the others stand by.
 *
 * Failure: each part is tried again after a growing pause, logged and counted, and `backup_rpo_seconds` grows. While
 * the store is away the database keeps its log, up to the limit that wal-archiver.ts names. */
import {
  type Duration,
  GoblinError,
  isGoblinError,
  milliseconds,
  sleep,
  systemClock,
  type Telemetry,
} from '@goblin/core';
import { sqlStateOf } from '../database/errors.ts';
import { bell } from '../events/bell.ts';
import { type BackupRecord, listRecords, stateOf } from './backup-record.ts';
import { type BackupTelemetry, backupTelemetry } from './backup-telemetry.ts';
import type { BackupCheck } from './check-cluster.ts';
import { expireBackups } from './retention.ts';
import { identify, type Site, siteSession } from './site.ts';
import { takeBackup } from './take-backup.ts';
import { verifyBackup } from './verify-backup.ts';
import { archiveWal } from './wal-archiver.ts';
import { planRestore } from './wal-plan.ts';

const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 30_000;
const LOOK_EVERY_MS = 60_000;
const STAND_BY_MS = 3_000;
/** SQLSTATE: another process archives. */
const SLOT_IN_USE = '55006';

export interface BackupLoopOptions {
  /** Between base backups. Default 1d. */
  readonly every?: Duration;
  /** How much may be lost: the log is in the store after so long. Default 10s. */
  readonly logEvery?: Duration;
  /** Each moment of so long can be restored. Default 7d. */
  readonly keepFor?: Duration;
  /** Good base backups that are kept at least. Default 3. */
  readonly keepBackups?: number;
  readonly checks?: readonly BackupCheck[];
}

/** A background loop that ends when the signal is aborted.
 * @example app.background('backup', backupLoop({ server, vault }, app.telemetry, { every: '1d' })) */
export function backupLoop(
  site: Site,
  telemetry: Telemetry,
  options: BackupLoopOptions = {},
): (signal: AbortSignal) => Promise<void> {
  const everyMs = milliseconds(options.every ?? '1d');
  const logEveryMs = milliseconds(options.logEvery ?? '10s');
  const retention = {
    windowMs: milliseconds(options.keepFor ?? '7d'),
    backups: options.keepBackups ?? 3,
  };
  return async (signal) => {
    using seen = backupTelemetry(telemetry);
    const due = bell();
    let isArchiving = false;
    /** Whether log is missing after the last good backup; undefined until it was looked up. */
    let isBroken: boolean | undefined;
    const archive = async (): Promise<void> => {
      try {
        await archiveWal(
          site,
          {
            everyMs: logEveryMs,
            onGap() {
              isBroken = true;
              telemetry.log.error('a part of the log is lost: a new base backup is made');
            },
            onStored: (bytes) => seen.logBytes.add(bytes),
            onCovered(atMs) {
              seen.covered(atMs);
              if (!isArchiving) due.ring();
              isArchiving = true;
            },
          },
          signal,
        );
      } catch (error) {
        isArchiving = false;
        if (isGoblinError(error, 'DATABASE_UNAVAILABLE')) await site.server.revive();
        if (sqlStateOf(error) !== SLOT_IN_USE) throw error;
        seen.standsBy();
        await sleep(STAND_BY_MS, signal).catch(() => {});
      }
    };
    const backUp = async (): Promise<void> => {
      const last = isArchiving ? await lastGood(site, seen) : undefined;
      if (last && isBroken === undefined) {
        const leads = await leadsToNow(site, last);
        isBroken ??= !leads;
      }
      const waitMs = last && !isBroken ? Date.parse(last.endedAt) + everyMs - systemClock.wall() : 0;
      if (!isArchiving || waitMs > 0)
        return due.wait(Math.min(waitMs || LOOK_EVERY_MS, LOOK_EVERY_MS), signal);
      // To be looked up again, whatever comes of it.
      isBroken = undefined;
      const record = await makeGood(site, options.checks ?? [], signal);
      seen.good(record);
      telemetry.log.info(
        { backup: record.id, bytes: record.storedBytes },
        'a base backup was made and verified',
      );
      await expireBackups(site.vault, retention);
    };
    await Promise.all([
      persist(archive, signal, (error) => {
        seen.failures.log.add();
        telemetry.log.error({ err: error }, 'the log cannot be archived; it is tried again');
      }),
      persist(backUp, signal, (error) => {
        seen.failures.backup.add();
        telemetry.log.error({ err: error }, 'no good backup could be made; it is tried again');
      }),
    ]);
  };
}

/** Does it again and again; after a failure with a growing pause. */
async function persist(
  work: () => Promise<void>,
  signal: AbortSignal,
  onFailure: (error: unknown) => void,
): Promise<void> {
  for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; ) {
    try {
      await work();
      pauseMs = FIRST_PAUSE_MS;
    } catch (error) {
      if (signal.aborted) return;
      onFailure(error);
      await sleep(pauseMs * (0.5 + Math.random() / 2), signal).catch(() => {});
      pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
    }
  }
}

async function makeGood(
  site: Site,
  checks: readonly BackupCheck[],
  signal: AbortSignal,
): Promise<BackupRecord> {
  const made = await takeBackup(site, { signal });
  const record = await verifyBackup(site.server.place.home, site.vault, made, { checks, signal });
  if (stateOf(record) === 'good') return record;
  const faults = record.verification!.checks.filter(({ good }) => !good);
  throw new GoblinError('DATA_DAMAGED', {
    message: `the backup ${record.id} is not good: ${faults.map(({ name, detail }) => `${name}: ${detail}`).join('; ')}`,
  });
}

async function lastGood(site: Site, seen: BackupTelemetry): Promise<BackupRecord | undefined> {
  await using session = await siteSession(site);
  const { system } = await identify(session);
  const records = await listRecords(site.vault);
  const last = records.findLast((record) => record.system === system && stateOf(record) === 'good');
  if (last) seen.good(last);
  return last;
}

/** Whether the log from it on is in the store without a gap. */
async function leadsToNow(site: Site, record: BackupRecord): Promise<boolean> {
  return planRestore(site.vault, [record], 'latest').then(
    () => true,
    (error) => {
      if (isGoblinError(error, 'NOT_FOUND')) return false;
      throw error;
    },
  );
}
