/** The folder of the server's Unix socket. The path of a socket has at most 103 bytes (macOS; 107 on Linux), so a
 * deep project gets a short folder among the temporary ones, for the server's user alone. */
import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GoblinError } from '@goblin/core';
import type { Place } from './place.ts';
import { canReach, giveTo } from './server-user.ts';

const MAX_PATH_BYTES = 103;

/** An empty folder for the socket of a server that is about to start. */
export async function prepareSocketFolder(place: Place, port: number): Promise<string> {
  const beside = join(place.folder, 'socket');
  if (fits(beside, port)) {
    await mkdir(beside, { recursive: true });
    await sweep(beside);
    return own(place, beside);
  }
  for (const parent of [tmpdir(), '/tmp', '/var/tmp']) {
    if (!fits(join(parent, 'goblin-XXXXXX'), port) || !canReach(place.user, parent)) continue;
    const folder = await mkdtemp(join(parent, 'goblin-')).catch(() => undefined);
    if (folder) return own(place, folder);
  }
  throw new GoblinError('DATABASE_UNAVAILABLE', {
    message: `the path ${beside} is too long for a socket (${MAX_PATH_BYTES} bytes), and no temporary folder can be used instead: choose a shorter data folder`,
  });
}

/** Takes away what a stopped server no longer needs. */
export async function dropSocketFolder(place: Place, folder: string): Promise<void> {
  if (folder && folder !== join(place.folder, 'socket')) await rm(folder, { recursive: true, force: true });
}

function fits(folder: string, port: number): boolean {
  return Buffer.byteLength(join(folder, `.s.PGSQL.${port}`)) <= MAX_PATH_BYTES;
}

/** A socket and its lock file outlive a killed server; the lock names a pid that may be another program's now. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await rm(join(folder, name), { force: true });
}

async function own(place: Place, folder: string): Promise<string> {
  await chmod(folder, 0o700);
  await giveTo(place.user, folder);
  return folder;
}
