/** The PostgreSQL of a project, shared by all its processes: whoever comes first starts it, the others join, and the
 * last one to leave stops it.
 *
 * Two locks in the project's folder decide this. Both are the kernel's, so a killed process holds neither.
 * - `lock`: one process at a time may look at, make, start or stop the server.
 * - `users`: shared by every process that uses it. Who gets it alone is the last.
 *
 * Failure: a server that was killed is started again by the next process that cannot connect (`revive`), and replays
 * its log. When every process is killed at once the server stays up, with nothing to do, until the next one
 * joins it and leaves in order. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Binaries, findBinaries } from './binaries.ts';
import { ensureCluster, SUPERUSER, superuserPasswordFile } from './cluster.ts';
import { exclusive, type HeldLock, shared, tryExclusive } from './kernel-lock.ts';
import { findPlace, type Place, prepareHome } from './place.ts';
import {
  ensureRunning,
  isPostmasterOf,
  type Postmaster,
  readPostmaster,
  type ServerOptions,
  stop,
} from './postmaster.ts';

/** Longer than the longest thing that is done under the lock. */
const LOCK_TIMEOUT_MS = 90_000;
/** Nobody is alone with the server for longer than it takes to stop it, and then under the other lock. */
const USERS_TIMEOUT_MS = 1_000;

export interface EmbeddedServer {
  /** The folder of its Unix socket; what PostgreSQL clients call the host. May change with a revival. */
  readonly host: string;
  readonly port: number;
  /** Its process. */
  readonly pid: number;
  /** Where its files are. */
  readonly place: Place;
  readonly superuser: { readonly user: string; readonly password: string };
  /** Makes sure that it runs. @throws DATABASE_UNAVAILABLE */
  revive(): Promise<void>;
  /** Runs `work` while no other process does so: for what must be done once per project. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  /** Leaves it. The last user, over all processes, stops it and waits until it has ended. */
  release(): Promise<void>;
}

/** This process's use of one server, however many parts of it use it. */
interface Use {
  readonly place: Place;
  readonly hold: HeldLock;
  readonly options: ServerOptions;
  postmaster: Postmaster;
  handles: number;
}

const uses = new Map<string, Use>();

/** Joins the PostgreSQL of this folder, making and starting it where need be. First boot about half a second,
 * a start about 30 ms, joining a few. @throws DATABASE_UNAVAILABLE */
export async function attachOrStart(folder: string, options: ServerOptions = {}): Promise<EmbeddedServer> {
  const home = await prepareHome(folder);
  const use = await underLock(home, async () => {
    const mine = uses.get(home) ?? (await enter(home, options));
    mine.handles++;
    return mine;
  });
  const password = await readFile(superuserPasswordFile(use.place), 'utf8');
  let released = false;
  return {
    get host() {
      return use.postmaster.socketFolder;
    },
    get port() {
      return use.postmaster.port;
    },
    get pid() {
      return use.postmaster.pid;
    },
    place: use.place,
    superuser: { user: SUPERUSER, password },
    revive: () =>
      underLock(home, async () => {
        // Whoever has left must not start what nobody would stop.
        if (!released) use.postmaster = await running(use.place, use.options);
      }),
    alone: (work) => underLock(home, work),
    release: async () => {
      if (released) return;
      released = true;
      await underLock(home, () => leave(home, use));
    },
  };
}

/** To be called under the lock. */
async function enter(home: string, options: ServerOptions): Promise<Use> {
  const place = await findPlace(home);
  const hold = await shared(join(home, 'users'), USERS_TIMEOUT_MS);
  try {
    const use: Use = { place, hold, options, postmaster: await running(place, options), handles: 0 };
    uses.set(home, use);
    stopAtExit();
    return use;
  } catch (error) {
    hold.release();
    throw error;
  }
}

/** To be called under the lock. */
function running(place: Place, options: ServerOptions): Promise<Postmaster> {
  let found: Promise<Binaries> | undefined;
  const binaries = (): Promise<Binaries> => {
    found ??= findBinaries(place).then(async (these) => {
      await ensureCluster(place, these);
      return these;
    });
    return found;
  };
  return ensureRunning(place, binaries, options);
}

/** To be called under the lock. */
async function leave(home: string, use: Use): Promise<void> {
  if (--use.handles > 0) return;
  uses.delete(home);
  use.hold.release();
  const last = tryExclusive(join(home, 'users'));
  if (!last) return;
  const postmaster = await readPostmaster(use.place.cluster);
  if (postmaster) await stop(use.place, postmaster);
  last.release();
}

async function underLock<T>(home: string, work: () => Promise<T>): Promise<T> {
  const lock = await exclusive(join(home, 'lock'), LOCK_TIMEOUT_MS);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

let watchingExit = false;

/** A process that ends without leaving (an uncaught error, `process.exit`) still asks the server to stop when it
 * was the last user. There is no time to wait for the answer. */
function stopAtExit(): void {
  if (watchingExit) return;
  watchingExit = true;
  process.on('exit', () => {
    for (const [home, use] of uses) {
      try {
        leaveAtOnce(home, use);
      } catch {
        // Its folder is gone: there is nothing left to leave.
      }
    }
  });
}

function leaveAtOnce(home: string, use: Use): void {
  use.hold.release();
  const lock = tryExclusive(join(home, 'lock'));
  const last = lock && tryExclusive(join(home, 'users'));
  if (last && isPostmasterOf(use.place.cluster, use.postmaster.pid))
    process.kill(use.postmaster.pid, 'SIGINT');
  last?.release();
  lock?.release();
}
