/** Keeps the backups of the embedded database going: the log without a pause, a base backup when one is due, its
 * verification, retention. Any number of processes may run it: one archives (it holds the slot), the others stand by.
 *
 * Failure: each part is tried again after a growing pause, logged and counted, and `backup_rpo_seconds` grows. While
 * the store is away the database keeps its log, up to the limit that wal-archiver.ts names. A base backup that was found
 * bad is followed by another one, but not at once: what is wrong with the database is not mended by copying it. */
import {
  type BackupSpec,
  type Duration,
  type Health,
  isGoblinError,
  milliseconds,
  sleep,
  systemClock,
  type Telemetry,
} from '@goblin/core';
import type { PublicKey } from '../audit/signing-key.ts';
import { sqlStateOf } from '../database/errors.ts';
import { bell } from '../events/bell.ts';
import { backupHealth } from './backup-health.ts';
import { type BackupRecord, stateOf } from './backup-record.ts';
import { backupTelemetry } from './backup-telemetry.ts';
import type { BackupCheck } from './check-cluster.ts';
import { lastGood, leadsToNow } from './last-good.ts';
import { expireBackups } from './retention.ts';
import { sweepScratch } from './scratch-cluster.ts';
import type { Site } from './site.ts';
import { takeBackup } from './take-backup.ts';
import { verifyBackup } from './verify-backup.ts';
import { archiveWal } from './wal-archiver.ts';

const FIRST_PAUSE_MS = 500;
const MAX_LOG_PAUSE_MS = 30_000;
/** A base backup that fails late has copied everything. */
const MAX_BACKUP_PAUSE_MS = 300_000;
const DAMAGED_PAUSE_MS = 3_600_000;
const LOOK_EVERY_MS = 60_000;
const STAND_BY_MS = 3_000;
const DEFAULT_EVERY: Duration = '1d';
const DEFAULT_LOG_EVERY: Duration = '10s';
const DEFAULT_KEEP_FOR: Duration = '7d';
const DEFAULT_KEEP_BACKUPS = 3;
/** SQLSTATE: another process archives. */
const SLOT_IN_USE = '55006';

/** As in the app model, and what verification needs. */
export interface BackupLoopOptions extends Omit<BackupSpec, 'to'> {
  /** The public key of the audit trails, asked before each verification. Default: signatures are not looked at. */
  readonly auditKey?: () => Promise<PublicKey | undefined>;
  readonly checks?: readonly BackupCheck[];
}

export interface BackupLoop {
  /** To be run in the background. It ends soon after the signal is aborted, with what was written until then in the store. */
  run(signal: AbortSignal): Promise<void>;
  /** Not ok while a part fails, the last base backup was bad, or what may be lost has grown far beyond what was asked for. */
  health(): Health;
}

/** @example
 * const loop = backupLoop({ server, vault }, app.telemetry, { every: '6h' });
 * app.background('backup', loop.run);
 * app.health('backup', loop.health); */
export function backupLoop(site: Site, telemetry: Telemetry, options: BackupLoopOptions = {}): BackupLoop {
  const { log } = telemetry;
  const everyMs = milliseconds(options.every ?? DEFAULT_EVERY);
  const logEveryMs = milliseconds(options.logEvery ?? DEFAULT_LOG_EVERY);
  const retention = {
    windowMs: milliseconds(options.keep?.for ?? DEFAULT_KEEP_FOR),
    backups: options.keep?.backups ?? DEFAULT_KEEP_BACKUPS,
  };
  const seen = backupTelemetry(telemetry);
  const health = backupHealth(seen, everyMs, logEveryMs);
  const due = bell();
  let role: 'archives' | 'stands by' | undefined;
  let isSwept = false;
  /** The newest good one that is known of. */
  let last: BackupRecord | undefined;
  /** Log is missing after it. */
  let isBroken = false;
  let notBeforeMs = 0;

  async function archive(signal: AbortSignal): Promise<void> {
    try {
      await archiveWal(
        site,
        {
          everyMs: logEveryMs,
          onGap() {
            isBroken = true;
            due.ring();
            log.error('a part of the log is lost: a new base backup is made');
          },
          onStored: (bytes) => seen.logBytes.add(bytes),
          onCovered(atMs) {
            seen.covered(atMs);
            if (role === 'archives') return;
            role = 'archives';
            health.tell('log', undefined);
            log.info(`the log is archived in ${site.vault.store.where}`);
            due.ring();
          },
        },
        signal,
      );
    } catch (error) {
      const isTaken = sqlStateOf(error) === SLOT_IN_USE;
      if (isTaken && role !== 'stands by') log.info('another process archives the log; this one stands by');
      role = isTaken ? 'stands by' : undefined;
      if (isGoblinError(error, 'DATABASE_UNAVAILABLE')) await site.server.revive();
      if (!isTaken) throw error;
      seen.standsBy();
      health.tell('log', undefined);
      health.tell('backup', undefined);
      await sleep(STAND_BY_MS, signal).catch(() => {});
    }
  }

  function waitMs(): number {
    const nowMs = systemClock.wall();
    const dueMs = last && !isBroken ? Date.parse(last.endedAt) + everyMs : nowMs;
    return role === 'archives' ? Math.max(dueMs, notBeforeMs) - nowMs : LOOK_EVERY_MS;
  }

  async function backUp(signal: AbortSignal): Promise<void> {
    if (!isSwept) await sweepScratch(site.server.place);
    isSwept = true;
    if (waitMs() > 0) return due.wait(Math.min(waitMs(), LOOK_EVERY_MS), signal);
    // Another process may have made one, and before this one started log may have been lost.
    last = await lastGood(site);
    if (last) seen.good(last);
    if (last && !isBroken) isBroken = !(await leadsToNow(site, last));
    if (waitMs() > 0) return;
    isBroken = false;
    log.info('a base backup begins');
    const auditKey = await options.auditKey?.();
    const made = await takeBackup(site, { signal });
    const { home } = site.server.place;
    const { checks = [] } = options;
    judge(await verifyBackup(home, site.vault, made, { auditKey, checks, signal }));
    await expireBackups(site.vault, retention).then(
      ({ backups, bytes }) => backups.length > 0 && log.info({ backups, bytes }, 'old backups were deleted'),
      (error) => log.warn({ err: error }, 'old backups could not be deleted; they are after the next one'),
    );
  }

  function judge(record: BackupRecord): void {
    const { id, storedBytes, verification } = record;
    if (stateOf(record) === 'good') {
      last = record;
      seen.good(record);
      health.tell('backup', undefined);
      const restoreMs = Math.round(verification!.restoreSeconds * 1_000);
      const facts = { backup: id, bytes: storedBytes, restoreMs };
      return log.info(facts, 'a base backup was made, restored and found good');
    }
    const faults = verification!.checks.filter(({ good }) => !good);
    const reasons = faults.map(({ name, detail }) => `${name}: ${detail}`).join('; ');
    seen.failures.verification.add();
    health.tell('backup', `the backup ${id} is bad: ${reasons}`);
    notBeforeMs = systemClock.wall() + Math.min(everyMs, DAMAGED_PAUSE_MS);
    log.error({ backup: id, checks: faults }, 'a base backup was restored and found bad');
  }

  async function run(signal: AbortSignal): Promise<void> {
    using _ = seen;
    await Promise.all([
      persist(archive, signal, MAX_LOG_PAUSE_MS, (error) => {
        seen.failures.log.add();
        health.tell('log', `the log cannot be archived: ${(error as Error).message}`);
        log.error({ err: error }, 'the log cannot be archived; it is tried again');
      }),
      persist(backUp, signal, MAX_BACKUP_PAUSE_MS, (error) => {
        seen.failures.backup.add();
        if (isGoblinError(error, 'DATA_DAMAGED'))
          notBeforeMs = systemClock.wall() + Math.min(everyMs, DAMAGED_PAUSE_MS);
        health.tell('backup', `no backup can be made: ${(error as Error).message}`);
        log.error({ err: error }, 'no backup could be made; it is tried again');
      }),
    ]);
  }

  return { run, health: health.check };
}

/** Does it again and again; after a failure with a growing pause. */
async function persist(
  work: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
  maxPauseMs: number,
  onFailure: (error: unknown) => void,
): Promise<void> {
  for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; ) {
    try {
      await work(signal);
      pauseMs = FIRST_PAUSE_MS;
    } catch (error) {
      if (signal.aborted) return;
      onFailure(error);
      await sleep(pauseMs * (0.5 + Math.random() / 2), signal).catch(() => {});
      pauseMs = Math.min(pauseMs * 2, maxPauseMs);
    }
  }
}
