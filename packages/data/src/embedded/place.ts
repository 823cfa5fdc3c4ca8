/** Where the files of an embedded PostgreSQL are. Normally all of them are in one folder of the project. When this
 * process is root and the server's user cannot reach that folder (below /root, or a folder with mode 0700),
 * cluster and socket go elsewhere, and `place.json` remembers where. */
import { chmod, mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolderElsewhere, rememberedFolder } from './elsewhere.ts';
import { canReach, type ServerUser, serverUser } from './server-user.ts';

export interface Place {
  /** The project's folder: locks, secrets, and the pointer. Only for the user of this process. */
  readonly home: string;
  /** Cluster, socket and log; `home` itself unless that cannot be reached. */
  readonly folder: string;
  /** PostgreSQL's data directory. */
  readonly cluster: string;
  readonly log: string;
  readonly secrets: string;
  readonly user: ServerUser | undefined;
}

/** Prepares the folder. Locks live in it, so this runs before any is taken and may run in several
 * processes at once. */
export async function prepareHome(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const home = await realpath(folder);
  // The server's user may pass through, and only that.
  if (process.getuid?.() === 0) await chmod(home, 0o711);
  return home;
}

/** Finds the place, or chooses it the first time. To be called under the lock of `home`. */
export async function findPlace(home: string): Promise<Place> {
  const user = serverUser();
  const secrets = join(home, 'secrets');
  await mkdir(secrets, { recursive: true, mode: 0o700 });
  const reachable = !user || canReach(user, home);
  const folder = (await rememberedFolder(home)) ?? (reachable ? home : await makeFolderElsewhere(home, user));
  return { home, folder, cluster: join(folder, 'cluster'), log: join(folder, 'postgres.log'), secrets, user };
}
