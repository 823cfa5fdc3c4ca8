/** Restores a backup into a throwaway cluster, to its very end, and checks that; then writes into its record whether it
 * is good. */
import { join } from 'node:path';
import { systemClock } from '@goblin/core';
import type { PublicKey } from '../audit/signing-key.ts';
import { findBinaries } from '../embedded/binaries.ts';
import { exclusive } from '../embedded/kernel-lock.ts';
import { findPlace, type Place, prepareHome } from '../embedded/place.ts';
import { auditCheck } from './audit-check.ts';
import { type BackupRecord, type Verification, writeRecord } from './backup-record.ts';
import { type BackupCheck, checkCluster, countsCheck, structureCheck } from './check-cluster.ts';
import { scratchCluster } from './scratch-cluster.ts';
import type { Vault } from './vault.ts';
import { planRestore } from './wal-plan.ts';

const LOCK_TIMEOUT_MS = 10_000;

export type VerifyStep = 'fetch' | 'fetch log' | 'replay' | 'check';

export interface VerifyOptions {
  /** The public key of the audit trails. Without it their signatures are not looked at. */
  readonly auditKey?: PublicKey | undefined;
  /** Further checks, after those that are always made. */
  readonly checks?: readonly BackupCheck[];
  readonly signal?: AbortSignal;
  onProgress?(step: VerifyStep, done: number, total: number | undefined): void;
}

/** @param folder of the embedded database, such as `.goblin/postgres`; the throwaway cluster comes into it.
 * @returns the record with its verification; `good` is false when something is wrong with the backup.
 * @throws STORE_UNAVAILABLE, FAILED_PRECONDITION where it could not be tried */
export async function verifyBackup(
  folder: string,
  vault: Vault,
  record: BackupRecord,
  options: VerifyOptions = {},
): Promise<BackupRecord> {
  const verified = { ...record, verification: await verify(await placeIn(folder), vault, record, options) };
  await writeRecord(vault, verified);
  return verified;
}

async function placeIn(folder: string): Promise<Place> {
  const home = await prepareHome(folder);
  const lock = await exclusive(join(home, 'lock'), LOCK_TIMEOUT_MS);
  try {
    return await findPlace(home);
  } finally {
    lock.release();
  }
}

async function verify(
  beside: Place,
  vault: Vault,
  record: BackupRecord,
  { auditKey, checks = [], signal = new AbortController().signal, onProgress }: VerifyOptions,
): Promise<Verification> {
  const startedMs = systemClock.now();
  const seconds = (): number => (systemClock.now() - startedMs) / 1_000;
  const at = new Date(systemClock.wall()).toISOString();
  await using scratch = await scratchCluster(beside, await findBinaries(beside));
  try {
    const plan = await planRestore(vault, [record], 'backup', record);
    await scratch.recover(vault, plan, { signal, ...(onProgress && { onProgress }) });
  } catch (error) {
    signal.throwIfAborted();
    if (!isAboutBackup(error)) throw error;
    const detail = (error as Error).message;
    return {
      good: false,
      at,
      restoreSeconds: seconds(),
      checkSeconds: 0,
      checks: [{ name: 'restore', good: false, detail }],
    };
  }
  const restoreSeconds = seconds();
  const all = [
    structureCheck((done, total) => onProgress?.('check', done, total)),
    countsCheck(record.tables),
    auditCheck(auditKey),
    ...checks,
  ];
  const results = await checkCluster(scratch, all, signal);
  signal.throwIfAborted();
  return {
    good: results.every(({ good }) => good),
    at,
    restoreSeconds,
    checkSeconds: seconds() - restoreSeconds,
    checks: [
      { name: 'restore', good: true, detail: `${record.files} files and the log up to ${record.endLsn}` },
      ...results,
    ],
  };
}

/** What is wrong with the backup, and not with the store or this machine. */
function isAboutBackup(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === 'DATA_DAMAGED' || code === 'NOT_FOUND' || code === 'DATABASE_UNAVAILABLE';
}
