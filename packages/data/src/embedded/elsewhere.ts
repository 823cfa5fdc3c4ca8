/** A folder for a database whose project folder the server's user cannot reach. It is in a system folder, because
 * temporary ones are swept by the system; unless the project itself is in a temporary folder. What belongs to a
 * temporary project is temporary too: it is deleted once the project is gone, when the next one needs a folder. */
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GoblinError } from '@goblin/core';
import { isPostmasterOf, readPostmaster } from './postmaster.ts';
import { canReach, type ServerUser } from './server-user.ts';

const LASTING = '/var/lib';
const TEMPORARY = '/var/tmp';
const PREFIX = 'goblin-';
/** In the home folder: where the database is. */
const POINTER = 'place.json';
/** In the folder of the database: the home folder that it belongs to. */
const OWNER = 'home';

/** The folder that was made for this home before. @throws DATABASE_UNAVAILABLE when it is gone */
export async function rememberedFolder(home: string): Promise<string | undefined> {
  const folder = await pointedTo(home);
  if (folder === undefined || (await stat(folder).catch(() => undefined))) return folder;
  const pointer = join(home, POINTER);
  throw new GoblinError('DATABASE_UNAVAILABLE', {
    message: `${pointer} says that the database is in ${folder}, which does not exist: put it back, or delete ${pointer} to begin with an empty database`,
  });
}

/** To be called under the lock of the home. @throws DATABASE_UNAVAILABLE when the user can reach no folder */
export async function makeFolderElsewhere(home: string, user: ServerUser): Promise<string> {
  await sweep();
  const parents = isTemporary(home) ? [TEMPORARY] : [LASTING, TEMPORARY];
  for (const parent of parents) {
    const folder = await mkdtemp(join(parent, PREFIX)).catch(() => undefined);
    if (!folder) continue;
    await chmod(folder, 0o711);
    if (canReach(user, folder)) {
      await writeFile(join(home, POINTER), `${JSON.stringify({ folder })}\n`, { mode: 0o600 });
      // After the pointer: from now on a sweep may ask whether the pointer is still there.
      await writeFile(join(folder, OWNER), home, { mode: 0o600 });
      return folder;
    }
    await rm(folder, { recursive: true });
  }
  throw new GoblinError('DATABASE_UNAVAILABLE', {
    message: `PostgreSQL runs as uid ${user.uid}, which can reach neither ${home} nor a folder in ${parents.join(' or ')}: run this as an ordinary user, or set DATABASE_URL`,
  });
}

async function pointedTo(home: string): Promise<string | undefined> {
  const text = await readFile(join(home, POINTER), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as { folder: string }).folder;
}

function isTemporary(home: string): boolean {
  return [tmpdir(), '/tmp', TEMPORARY].some((parent) => home.startsWith(`${parent}/`));
}

async function sweep(): Promise<void> {
  for (const name of await readdir(TEMPORARY)) {
    if (!name.startsWith(PREFIX)) continue;
    const folder = join(TEMPORARY, name);
    const home = await readFile(join(folder, OWNER), 'utf8').catch(() => undefined);
    if (home === undefined || !isTemporary(home) || (await pointedTo(home)) === folder) continue;
    const cluster = join(folder, 'cluster');
    const postmaster = await readPostmaster(cluster);
    if (postmaster && isPostmasterOf(cluster, postmaster.pid)) process.kill(postmaster.pid, 'SIGQUIT');
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
