/** How backups are seen. Alert on `backup_rpo_seconds` (what would be lost now) and on `backup_age_seconds`. */
import { type Counter, type Gauge, systemClock, type Telemetry } from '@goblin/core';
import { type BackupRecord, stateOf } from './backup-record.ts';

export type BackupPart = 'log' | 'backup' | 'verification';

export interface BackupTelemetry extends Disposable {
  /** At this time (milliseconds since the Unix epoch) everything was in the store. */
  covered(atMs: number): void;
  /** Another process archives, and knows. */
  standsBy(): void;
  /** The newest good backup. */
  good(record: BackupRecord): void;
  /** How old what is not in the store may be; undefined while this one stands by. */
  readonly rpoMs: number | undefined;
  /** How old the newest good backup is; undefined while none is known. */
  readonly ageMs: number | undefined;
  readonly logBytes: Counter;
  /** Of archiving the log, making a base backup, and of base backups that were found bad. */
  readonly failures: Readonly<Record<BackupPart, Counter>>;
}

export function backupTelemetry({ metrics }: Telemetry): BackupTelemetry {
  let coveredMs: number | undefined = systemClock.wall();
  let goodAtMs: number | undefined;
  const since = (ms: number | undefined): number | undefined =>
    ms === undefined ? undefined : Math.max(0, systemClock.wall() - ms);
  const rpoMs = (): number | undefined => since(coveredMs);
  const ageMs = (): number | undefined => since(goodAtMs);
  const observe = (name: string, help: string, age: () => number | undefined): Disposable =>
    metrics.observe(name, { help }, (set) => {
      const ms = age();
      if (ms !== undefined) set(ms / 1_000);
    });
  const gauge = (name: string, help: string): Gauge => metrics.gauge(name, { help }).with();
  const observed = [
    observe(
      'backup_rpo_seconds',
      'How old what is not in the store is at most: what would be lost if the machine were lost now.',
      rpoMs,
    ),
    observe(
      'backup_age_seconds',
      'Time since the end of the last backup that was restored and found good.',
      ageMs,
    ),
  ];
  const rto = gauge(
    'backup_rto_seconds',
    'What the last test restore took until the database could be used.',
  );
  const duration = gauge('backup_duration_seconds', 'What the last good base backup took.');
  const data = gauge('backup_data_bytes', 'Files of the last good base backup.');
  const stored = gauge('backup_stored_bytes', 'What the last good base backup takes in the store.');
  const failures = metrics.counter('backup_failures_total', {
    help: 'Times archiving the log or making a base backup failed, and base backups that verification found bad.',
    labels: ['part'],
  });
  return {
    get rpoMs() {
      return rpoMs();
    },
    get ageMs() {
      return ageMs();
    },
    covered: (atMs) => {
      coveredMs = Math.max(coveredMs ?? 0, atMs);
    },
    standsBy: () => {
      coveredMs = undefined;
    },
    good(record) {
      if (stateOf(record) !== 'good') return;
      goodAtMs = Date.parse(record.endedAt);
      rto.set(record.verification!.restoreSeconds);
      duration.set((goodAtMs - Date.parse(record.startedAt)) / 1_000);
      data.set(record.dataBytes);
      stored.set(record.storedBytes);
    },
    logBytes: metrics
      .counter('backup_log_stored_bytes_total', { help: 'Bytes of the log that were put into the store.' })
      .with(),
    failures: {
      log: failures.with('log'),
      backup: failures.with('backup'),
      verification: failures.with('verification'),
    },
    [Symbol.dispose]() {
      for (const one of observed) one[Symbol.dispose]();
    },
  };
}
