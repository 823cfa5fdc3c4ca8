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
/** In the folder: the home folder that it belongs to. */
const OWNER = 'home';

/** @throws DATABASE_UNAVAILABLE when there is no folder that the user can reach. */
export async function makeFolderElsewhere(home: string, user: ServerUser): Promise<string> {
  await sweep();
  const parents = isTemporary(home) ? [TEMPORARY] : [LASTING, TEMPORARY];
  for (const parent of parents) {
    const folder = await mkdtemp(join(parent, PREFIX)).catch(() => undefined);
    if (!folder) continue;
    await writeFile(join(folder, OWNER), home, { mode: 0o600 });
    await chmod(folder, 0o711);
    if (canReach(user, folder)) return folder;
    await rm(folder, { recursive: true });
  }
  throw new GoblinError('DATABASE_UNAVAILABLE', {
    message: `PostgreSQL runs as uid ${user.uid}, which can reach neither ${home} nor a folder in ${parents.join(' or ')}: run this as an ordinary user, or set DATABASE_URL`,
  });
}

function isTemporary(home: string): boolean {
  return [tmpdir(), '/tmp', TEMPORARY].some((parent) => home.startsWith(`${parent}/`));
}

async function sweep(): Promise<void> {
  for (const name of await readdir(TEMPORARY)) {
    if (!name.startsWith(PREFIX)) continue;
    const folder = join(TEMPORARY, name);
    const home = await readFile(join(folder, OWNER), 'utf8').catch(() => undefined);
    if (home === undefined || !isTemporary(home) || (await stat(home).catch(() => undefined))) continue;
    const cluster = join(folder, 'cluster');
    const postmaster = await readPostmaster(cluster);
    if (postmaster && isPostmasterOf(cluster, postmaster.pid)) process.kill(postmaster.pid, 'SIGQUIT');
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
