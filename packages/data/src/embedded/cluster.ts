/** Makes a cluster (PostgreSQL's word for a data directory), once. It is made under another name and renamed when
 * it is whole, so a killed attempt leaves nothing that looks like a database. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GoblinError } from '@goblin/core';
import type { Binaries } from './binaries.ts';
import type { Place } from './place.ts';
import { giveTo } from './server-user.ts';

/** The superuser. Only Goblin itself connects with it: to provision services, and to back up. */
export const SUPERUSER = 'goblin';

const UNFINISHED = 'cluster.new-';
/** From here on the locale C.UTF-8 comes with PostgreSQL and does not depend on the system's. */
const FIRST_WITH_BUILTIN_LOCALE = 17;

/** Makes the cluster where there is none. To be called under the lock of the home folder.
 * @throws DATABASE_UNAVAILABLE when it cannot be made, or was made by another major version. */
export async function ensureCluster(place: Place, binaries: Binaries): Promise<void> {
  const major = await readFile(join(place.cluster, 'PG_VERSION'), 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (major === undefined && (await finishRestore(place))) return ensureCluster(place, binaries);
  if (major === undefined) return makeCluster(place, binaries);
  if (Number(major) === binaries.major) return;
  throw new GoblinError('DATABASE_UNAVAILABLE', {
    message: `the database in ${place.cluster} was made by PostgreSQL ${major.trim()}, and ${binaries.postgres} is version ${binaries.major}: bring version ${major.trim()} back, dump, and restore into a new folder`,
  });
}

async function makeCluster(place: Place, binaries: Binaries): Promise<void> {
  await sweepUnfinished(place.folder);
  // Passwords of an earlier cluster would be taken for those of this one.
  await rm(place.secrets, { recursive: true, force: true });
  await mkdir(place.secrets, { mode: 0o700 });
  const password = randomBytes(32).toString('base64url');
  await writeFile(superuserPasswordFile(place), password, { mode: 0o600 });
  const unfinished = await mkdtemp(join(place.folder, UNFINISHED));
  await giveTo(place.user, unfinished);
  // In the unfinished cluster's folder initdb would find a file it did not expect.
  const passwordFile = `${unfinished}.password`;
  await writeFile(passwordFile, password, { mode: 0o600 });
  await giveTo(place.user, passwordFile);
  await initdb(place, binaries, unfinished, passwordFile);
  await rm(passwordFile);
  await rename(unfinished, place.cluster);
  syncInBackground(place, binaries);
}

/** Where a restored cluster waits, whole, until the old one has been moved out of its way. */
export function restoredCluster(place: Place): string {
  return join(place.folder, 'cluster.restored');
}

/** Puts a restored cluster into its place, also for a restore that was killed just before. Answers whether there was
 * one. To be called where there is no cluster. */
export async function finishRestore(place: Place): Promise<boolean> {
  return rename(restoredCluster(place), place.cluster).then(
    () => true,
    (error) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}

/** Puts all files of a cluster onto the disk. Its server must not run. */
export async function syncCluster(place: Place, binaries: Binaries, cluster: string): Promise<void> {
  const child = spawn(binaries.initdb, ['--sync-only', `--pgdata=${cluster}`], {
    ...place.user,
    cwd: '/',
    stdio: 'ignore',
  });
  const [code] = await once(child, 'exit');
  if (code !== 0)
    throw new GoblinError('DATABASE_UNAVAILABLE', { message: `${cluster} cannot be put onto the disk` });
}

export function superuserPasswordFile(place: Place): string {
  return join(place.secrets, 'superuser');
}

/** The initdb of a killed process may still write here; it gives up when its files vanish. */
async function sweepUnfinished(folder: string): Promise<void> {
  const options = { recursive: true, force: true, maxRetries: 10, retryDelay: 20 };
  for (const name of await readdir(folder))
    if (name.startsWith(UNFINISHED)) await rm(join(folder, name), options);
}

function initdb(place: Place, binaries: Binaries, cluster: string, passwordFile: string): Promise<void> {
  const locale =
    binaries.major >= FIRST_WITH_BUILTIN_LOCALE
      ? ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
      : ['--locale=C'];
  const child = spawn(
    binaries.initdb,
    [
      `--pgdata=${cluster}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--data-checksums',
      '--no-instructions',
      '--no-sync',
      ...locale,
    ],
    {
      ...place.user,
      cwd: '/',
      env: { PATH: process.env.PATH, TZ: 'UTC' },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaint += text;
  });
  return new Promise((resolve, reject) => {
    const failed = (reason: string, cause?: unknown): void =>
      reject(
        new GoblinError('DATABASE_UNAVAILABLE', {
          message: `a new database could not be made in ${place.folder}: ${reason}`,
          cause,
        }),
      );
    child.on('error', (error) => failed(error.message, error));
    child.on('close', (code) =>
      code === 0 ? resolve() : failed(complaint.trim() || `initdb ended with ${code}`),
    );
  });
}

/** initdb leaves some thousand files to the operating system's cache, which saves a second. They are put
 * onto the disk a moment later, outside of anybody's way. */
function syncInBackground(place: Place, binaries: Binaries): void {
  spawn(binaries.initdb, ['--sync-only', `--pgdata=${place.cluster}`], {
    ...place.user,
    cwd: '/',
    stdio: 'ignore',
    detached: true,
  })
    .on('error', () => {})
    .unref();
}
