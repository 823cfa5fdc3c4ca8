/** A cluster that is being restored, in a folder of its own beside the real one, with a server of its own. Whoever may
 * reach its socket (the folder is closed to others) is its superuser: the passwords in a backup may be unknown here.
 * What a killed process left behind, its server and its folder, the next one clears away. */
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GoblinError } from '@goblin/core';
import type { Target } from '../database/connection.ts';
import type { Binaries } from '../embedded/binaries.ts';
import { SUPERUSER } from '../embedded/cluster.ts';
import { exclusive, tryExclusive } from '../embedded/kernel-lock.ts';
import type { Place } from '../embedded/place.ts';
import {
  ensureRunning,
  isPostmasterOf,
  type Postmaster,
  readPostmaster,
  stop,
} from '../embedded/postmaster.ts';
import { giveTo } from '../embedded/server-user.ts';
import type { BackupRecord } from './backup-record.ts';
import { type FetchOptions, fetchCluster } from './fetch.ts';
import { openSession, type Session } from './session.ts';
import { ANY_DATABASE } from './site.ts';
import type { Vault } from './vault.ts';
import type { RestorePlan } from './wal-plan.ts';

const PREFIX = 'restoring-';
const LOCK_TIMEOUT_MS = 10_000;
/** Replaying a day of log may take hours. */
const RECOVERY_TIMEOUT_MS = 86_400_000;
const ENDED_BEFORE_TARGET = /recovery ended before configured recovery target was reached/;

export interface ScratchCluster extends AsyncDisposable {
  readonly place: Place;
  /** Fetches what the plan says and recovers to its end.
   * @throws DATA_DAMAGED, DATABASE_UNAVAILABLE with the server's last words */
  recover(vault: Vault, plan: RestorePlan, options: RecoverOptions): Promise<void>;
  session(database?: string, signal?: AbortSignal): Promise<Session>;
  target(database: string): Target;
  /** Stops the server. */
  stop(): Promise<void>;
}

export interface RecoverOptions extends Omit<FetchOptions, 'user' | 'onProgress'> {
  onProgress?(step: 'fetch' | 'fetch log' | 'replay', done: number, total: number | undefined): void;
}

/** Disposing of it stops the server and deletes what is still in the folder.
 * @param beside where the real cluster is. */
export async function scratchCluster(beside: Place, binaries: Binaries): Promise<ScratchCluster> {
  const guard = await exclusive(join(beside.home, 'restoring.lock'), LOCK_TIMEOUT_MS);
  const folder = await sweep(beside.folder)
    .then(() => mkdtemp(join(beside.folder, PREFIX)))
    .catch((error) => {
      guard.release();
      throw error;
    });
  const lock = tryExclusive(lockOf(folder))!;
  guard.release();
  if (beside.user) await chmod(folder, 0o711);
  const place: Place = {
    ...beside,
    folder,
    cluster: join(folder, 'cluster'),
    log: join(folder, 'postgres.log'),
  };
  let postmaster: Postmaster | undefined;
  const target = (database: string): Target => ({
    where: `the restored PostgreSQL in ${folder}`,
    config() {
      const { socketFolder, port } = postmaster!;
      return { host: socketFolder, port, database, user: SUPERUSER };
    },
  });
  const stopServer = async (): Promise<void> => {
    postmaster = (await readPostmaster(place.cluster)) ?? postmaster;
    if (postmaster) await stop(place, postmaster);
    postmaster = undefined;
  };

  return {
    place,
    async recover(vault, plan, { signal, onProgress }) {
      checkMajor(plan.base, binaries.major);
      await fetchCluster(vault, plan, place.cluster, {
        user: place.user,
        signal,
        ...(onProgress && { onProgress }),
      });
      onProgress?.('replay', 0, undefined);
      await writeOwned(place, join(place.cluster, 'recovery.signal'), '');
      await writeOwned(place, hbaOf(place), 'local all all trust\n');
      const kill = (): void => void stopServer();
      signal.addEventListener('abort', kill, { once: true });
      const run = async (target: Readonly<Record<string, string>>): Promise<Postmaster> => {
        signal.throwIfAborted();
        const settings = { ...settingsOf(place, plan), ...target };
        return ensureRunning(place, async () => binaries, { settings, startTimeoutMs: RECOVERY_TIMEOUT_MS });
      };
      try {
        postmaster = await run(targetOf(plan)).catch((error: GoblinError) => {
          // No commit after the moment is known: the end of what is known is the state at that moment.
          if (typeof plan.target !== 'object' || !ENDED_BEFORE_TARGET.test(error.message)) throw error;
          return run({});
        });
      } finally {
        signal.removeEventListener('abort', kill);
        signal.throwIfAborted();
      }
    },
    session(database = ANY_DATABASE, signal) {
      const { config, where } = target(database);
      return openSession(config(), where, signal);
    },
    target,
    stop: stopServer,
    async [Symbol.asyncDispose]() {
      await stopServer();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
      lock.release();
    },
  };
}

/** Written to disk at once when it is done (see `syncCluster`), not at every commit. */
function settingsOf(place: Place, { timeline }: RestorePlan): Record<string, string> {
  return {
    hba_file: hbaOf(place),
    fsync: 'off',
    autovacuum: 'off',
    hot_standby: 'off',
    // All of the log lies in pg_wal already.
    restore_command: 'false',
    recovery_target_timeline: String(timeline),
    recovery_target_action: 'promote',
    // Whoever archives the restored cluster begins with the segment in which its timeline branched off.
    wal_keep_size: '1GB',
  };
}

function targetOf({ target, base }: RestorePlan): Record<string, string> {
  if (target === 'latest') return {};
  return target === 'backup'
    ? { recovery_target_name: base.id }
    : // Names of zones, such as Z, are not known yet when the server reads this.
      { recovery_target_time: target.at.toISOString().replace('Z', '+00') };
}

function checkMajor({ id, postgres }: BackupRecord, major: number): void {
  if (Number.parseInt(postgres, 10) === major) return;
  throw new GoblinError('FAILED_PRECONDITION', {
    message: `the backup ${id} was made by PostgreSQL ${postgres}, and here is ${major}: files of one major version cannot be read by another; install the version that made it`,
  });
}

async function writeOwned(place: Place, path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  await giveTo(place.user, path);
}

function hbaOf({ folder }: Place): string {
  return join(folder, 'pg_hba.conf');
}

function lockOf(folder: string): string {
  return join(folder, 'lock');
}

/** Ends and deletes what killed processes left of theirs. */
export async function sweepScratch(beside: Place): Promise<void> {
  const guard = await exclusive(join(beside.home, 'restoring.lock'), LOCK_TIMEOUT_MS);
  try {
    await sweep(beside.folder);
  } finally {
    guard.release();
  }
}

/** To be called under the guard, so that no folder is seen between being made and being locked. */
async function sweep(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(PREFIX)) continue;
    const folder = join(parent, name);
    const lock = tryExclusive(lockOf(folder));
    if (!lock) continue;
    const cluster = join(folder, 'cluster');
    const left = await readPostmaster(cluster);
    if (left && isPostmasterOf(cluster, left.pid)) process.kill(left.pid, 'SIGQUIT');
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    lock.release();
  }
}
