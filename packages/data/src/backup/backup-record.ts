/** What is known of a base backup, kept beside its data and written last: a backup that was killed has no record, so it
 * is not listed. It is called good only once it was restored and checked (verify.ts), which the record says then. */
import { randomBytes } from 'node:crypto';
import { GoblinError, isGoblinError } from '@goblin/core';
import type { TableCount } from './table-counts.ts';
import type { Vault } from './vault.ts';

export interface BackupRecord {
  readonly version: 1;
  /** Sorts by time: `20261120T120000-3fa8`. */
  readonly id: string;
  /** PostgreSQL's own name of the cluster. */
  readonly system: string;
  readonly postgres: string;
  readonly timeline: number;
  readonly segmentBytes: number;
  /** The log is needed from here … */
  readonly startLsn: string;
  /** … to here, where the restore point with the name of the backup is. */
  readonly endLsn: string;
  /** ISO 8601, by the clock of the server. */
  readonly startedAt: string;
  /** The earliest moment that it can be restored to. */
  readonly endedAt: string;
  readonly files: number;
  /** Bytes of the files, and bytes in the store. */
  readonly dataBytes: number;
  readonly storedBytes: number;
  readonly tables: readonly TableCount[];
  /** The last one. */
  readonly verification?: Verification;
}

export interface Verification {
  readonly good: boolean;
  readonly at: string;
  /** From the first byte to a server that takes connections: what a restore of this backup takes (RTO). */
  readonly restoreSeconds: number;
  readonly checkSeconds: number;
  readonly checks: readonly CheckResult[];
}

export interface CheckResult {
  readonly name: string;
  readonly good: boolean;
  /** One sentence: what was found. */
  readonly detail: string;
}

export type BackupState = 'unverified' | 'good' | 'bad';

export function stateOf({ verification }: BackupRecord): BackupState {
  if (!verification) return 'unverified';
  return verification.good ? 'good' : 'bad';
}

const RECORD = 'record';

export function newBackupId(startedAt: Date): string {
  const time = startedAt
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replaceAll(/[-:]/g, '');
  return `${time}-${randomBytes(2).toString('hex')}`;
}

/** The name of a part of a backup in the store. */
export function partName(system: string, id: string, part: 'data' | 'files' | typeof RECORD): string {
  return `base/${system}/${id}/${part}`;
}

export async function writeRecord(vault: Vault, record: BackupRecord): Promise<void> {
  const name = partName(record.system, record.id, RECORD);
  await vault.putBytes(name, Buffer.from(JSON.stringify(record)));
}

/** All backups that were made to their end, oldest first. */
export async function listRecords(vault: Vault): Promise<BackupRecord[]> {
  const records: BackupRecord[] = [];
  for await (const { key } of vault.list('base/')) {
    if (!key.endsWith(`/${RECORD}`)) continue;
    const bytes = await vault.getBytes(key).catch((error) => {
      // Retention of another process was faster.
      if (isGoblinError(error, 'NOT_FOUND')) return undefined;
      throw error;
    });
    if (bytes) records.push(JSON.parse(bytes.toString()) as BackupRecord);
  }
  return records.sort((a, b) => (a.endedAt < b.endedAt ? -1 : 1));
}

/** @throws NOT_FOUND naming those that there are */
export function recordNamed(records: readonly BackupRecord[], id: string): BackupRecord {
  const record = records.find((one) => one.id === id);
  if (record) return record;
  const known = records.map((one) => one.id).join(', ');
  throw new GoblinError('NOT_FOUND', {
    message: `there is no backup ${JSON.stringify(id)}: there ${known === '' ? 'is none yet' : `are ${known}`}`,
  });
}
