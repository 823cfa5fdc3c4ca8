/** Restores the project's database to a moment. The new cluster is made beside the old one, recovered and checked, and
 * takes its place only then, by renaming; the old one is kept under a name that says when. So whatever goes wrong,
 * or is killed, before the last step leaves the old database as it was.
 *
 * Nobody may use the database meanwhile: the lock of its users is held, and a process that uses it already is a reason to
 * refuse. The restored cluster begins a new timeline, so the log of what is given up stays in the store too, and a
 * restore can be taken back by another one. */
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GoblinError, isGoblinError, systemClock } from '@goblin/core';
import { driver } from '../database/driver.ts';
import { findBinaries } from '../embedded/binaries.ts';
import {
  finishRestore,
  restoredCluster,
  SUPERUSER,
  superuserPasswordFile,
  syncCluster,
} from '../embedded/cluster.ts';
import { attachOrStart } from '../embedded/embedded.ts';
import { exclusive, type HeldLock, tryExclusive } from '../embedded/kernel-lock.ts';
import { findPlace, type Place, prepareHome } from '../embedded/place.ts';
import { readPostmaster, stop } from '../embedded/postmaster.ts';
import { type CheckResult, listRecords, recordNamed } from './backup-record.ts';
import { catchUp } from './catch-up.ts';
import { type BackupCheck, checkCluster, structureCheck } from './check-cluster.ts';
import { type ScratchCluster, scratchCluster } from './scratch-cluster.ts';
import type { Vault } from './vault.ts';
import { planRestore, type RestorePlan, type RestoreTarget } from './wal-plan.ts';

const LOCK_TIMEOUT_MS = 10_000;

export type RestoreStep = 'fetch' | 'fetch log' | 'replay' | 'check' | 'put in place';

export interface RestoreOptions {
  readonly target: RestoreTarget;
  /** Id of the backup to begin with. Needed for the target `backup`. Default: the newest good one that fits. */
  readonly backup?: string;
  /** Restores a copy to look at, which does not go on with the store. Default false. */
  readonly isCopy?: boolean;
  readonly checks?: readonly BackupCheck[];
  readonly signal?: AbortSignal;
  /** Told once it is clear what will be done. */
  onPlan?(plan: RestorePlan): void;
  onProgress?(step: RestoreStep, done: number, total: number | undefined): void;
}

export interface RestoreReport {
  readonly backup: string;
  /** When the last transaction that is in it committed; undefined where none is after the backup's beginning. */
  readonly lastCommit: Date | undefined;
  /** Where the old database is now. */
  readonly kept: string | undefined;
  readonly seconds: number;
  readonly checks: readonly CheckResult[];
}

/** @param folder of the embedded database, such as `.goblin/postgres`. There may be none in it yet.
 * @throws FAILED_PRECONDITION while somebody uses it, NOT_FOUND, DATA_DAMAGED, STORE_UNAVAILABLE */
export async function restore(folder: string, vault: Vault, options: RestoreOptions): Promise<RestoreReport> {
  const startedMs = systemClock.now();
  const { signal = new AbortController().signal, onProgress } = options;
  const home = await prepareHome(folder);
  const { place, users } = await takeOver(home);
  try {
    const records = await listRecords(vault);
    const base = options.backup === undefined ? undefined : recordNamed(records, options.backup);
    const plan = await planRestore(vault, records, options.target, base);
    options.onPlan?.(plan);
    const binaries = await findBinaries(place);
    await using scratch = await scratchCluster(place, binaries);
    await scratch.recover(vault, plan, { signal, ...(onProgress && { onProgress }) });
    const structure = structureCheck((done, total) => onProgress?.('check', done, total));
    const checks = await checkCluster(scratch, [structure, ...(options.checks ?? [])], signal);
    signal.throwIfAborted();
    refuseUnsound(checks);
    onProgress?.('put in place', 0, undefined);
    const lastCommit = await finishInside(scratch, place);
    await scratch.stop();
    await syncCluster(place, binaries, scratch.place.cluster);
    const kept = await swap(scratch.place.cluster, place);
    users.release();
    await proveStart(home, options.isCopy ? undefined : vault);
    const seconds = (systemClock.now() - startedMs) / 1_000;
    return { backup: plan.base.id, lastCommit, kept, seconds, checks };
  } finally {
    users.release();
  }
}

/** Sees to it that nobody uses the database, and stops a server that was left alone.
 * @throws FAILED_PRECONDITION */
async function takeOver(home: string): Promise<{ place: Place; users: HeldLock }> {
  const lock = await exclusive(join(home, 'lock'), LOCK_TIMEOUT_MS);
  try {
    const users = tryExclusive(join(home, 'users'));
    if (!users) {
      throw new GoblinError('FAILED_PRECONDITION', {
        message: `processes use the database in ${home}: stop them first (Ctrl-C in the terminal of goblin up), or restore into another folder by --into`,
      });
    }
    const place = await findPlace(home);
    const abandoned = await readPostmaster(place.cluster);
    if (abandoned) await stop(place, abandoned);
    if (await exists(place.cluster)) await rm(restoredCluster(place), { recursive: true, force: true });
    else await finishRestore(place);
    return { place, users: releasedOnce(users) };
  } finally {
    lock.release();
  }
}

function releasedOnce(lock: HeldLock): HeldLock {
  let released = false;
  return {
    release() {
      if (!released) lock.release();
      released = true;
    },
  };
}

/** Gives the superuser of the restored server the password that is known here. Answers when the last transaction
 * committed. */
async function finishInside(scratch: ScratchCluster, place: Place): Promise<Date | undefined> {
  await using session = await scratch.session();
  const known = await readFile(superuserPasswordFile(place), 'utf8').catch(() => undefined);
  const password = known ?? randomBytes(32).toString('base64url');
  if (known === undefined) await writeFile(superuserPasswordFile(place), password, { mode: 0o600 });
  await session.rows(`alter role ${SUPERUSER} password ${driver().escapeLiteral(password)}`);
  const [row] = await session.rows<{ at: Date | null }>('select pg_last_xact_replay_timestamp() as at');
  return row?.at ?? undefined;
}

function refuseUnsound(checks: readonly CheckResult[]): void {
  const bad = checks.filter(({ good }) => !good);
  if (bad.length === 0) return;
  throw new GoblinError('DATA_DAMAGED', {
    message: `the restored database is not sound, so the old one was left in place: ${bad.map(({ name, detail }) => `${name}: ${detail}`).join('; ')}`,
  });
}

/** Between the two renames there is no cluster; who comes then finishes it (`ensureCluster`). */
async function swap(fresh: string, place: Place): Promise<string | undefined> {
  // The passwords of roles are made anew by whoever misses them, in the old cluster and in the new one.
  for (const name of await readdir(place.secrets))
    if (name.startsWith('role-')) await rm(join(place.secrets, name), { force: true });
  await rename(fresh, restoredCluster(place));
  let kept: string | undefined;
  if (await exists(place.cluster)) {
    const time = new Date(systemClock.wall())
      .toISOString()
      .replace(/\.\d+Z$/, 'Z')
      .replaceAll(':', '-');
    kept = `${place.cluster}.before-${time}`;
    await rename(place.cluster, kept);
  }
  await finishRestore(place);
  return kept;
}

/** Starts it once in its place, and archives the beginning of its timeline. */
async function proveStart(home: string, store: Vault | undefined): Promise<void> {
  const server = await attachOrStart(home);
  try {
    if (store) await catchUp({ server, vault: store });
  } catch (error) {
    // A store that can only be read must not stop a restore. Then a new base backup is due.
    if (!isGoblinError(error, 'STORE_UNAVAILABLE')) throw error;
  } finally {
    await server.release();
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
