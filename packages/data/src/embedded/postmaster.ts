/** One PostgreSQL server process, seen from outside by the file it keeps in its cluster (`postmaster.pid`) and by its
 * socket. It runs in a session of its own, so that Ctrl-C in a terminal reaches the services but not the
 * database under them. */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { GoblinError, sleep, systemClock } from '@goblin/core';
import type { Binaries } from './binaries.ts';
import type { Place } from './place.ts';
import { giveTo } from './server-user.ts';
import { dropSocketFolder, prepareSocketFolder } from './socket-folder.ts';

const POLL_MS = 3;
/** For a start after a crash with much to replay. */
const START_TIMEOUT_MS = 60_000;
const FAST_STOP_MS = 10_000;
const MAX_LOG_BYTES = 1_048_576;
const DEFAULT_PORT = 5_432;

/** What `postmaster.pid` says. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly socketFolder: string;
  readonly ready: boolean;
}

export interface ServerOptions {
  /** Listens on this TCP port of the loopback interface too. Default: on the Unix socket only. */
  readonly port?: number;
  /** More server settings, such as `{ fsync: 'off' }` for a database that is thrown away. */
  readonly settings?: Readonly<Record<string, string>>;
  /** How long it may take until it is ready. Default a minute. */
  readonly startTimeoutMs?: number;
}

/** Joins the server of this cluster, or starts it where it does not run. To be called under the lock of the
 * home folder. @throws DATABASE_UNAVAILABLE with the server's last words. */
export async function ensureRunning(
  place: Place,
  binaries: () => Promise<Binaries>,
  options: ServerOptions,
): Promise<Postmaster> {
  const giveUpAt = systemClock.now() + (options.startTimeoutMs ?? START_TIMEOUT_MS);
  for (;;) {
    const found = await readPostmaster(place.cluster);
    if (found && isPostmasterOf(place.cluster, found.pid)) {
      if (found.ready && (await isListening(found))) return found;
      // It may have been started by a process that was killed before it was ready.
      if (systemClock.now() > giveUpAt) throw cannotStart(place, 'it does not become ready');
      await sleep(POLL_MS);
      continue;
    }
    if (found) await disown(place, found);
    const failure = await start(place, await binaries(), options, giveUpAt);
    if (!failure) continue;
    if (options.port !== undefined && /Address already in use/i.test(failure)) {
      throw new GoblinError('PORT_IN_USE', {
        message: `another program listens on port ${options.port}, where PostgreSQL should`,
      });
    }
    // Backends of a killed server end within moments; until then their shared memory is in the way.
    if (!/shared memory block/.test(failure) || systemClock.now() > giveUpAt)
      throw cannotStart(place, failure);
    await sleep(100);
  }
}

export async function readPostmaster(cluster: string): Promise<Postmaster | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => undefined);
  // Lines: pid, data directory, start time, port, socket folder, listen address, shared memory, status.
  const lines = text?.split('\n') ?? [];
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return {
    pid,
    port: Number(lines[3]),
    socketFolder: lines[4] ?? '',
    ready: lines[7]?.trim() === 'ready',
  };
}

/** Fast shutdown: connections are closed, everything committed is kept, and a new start needs no recovery.
 * To be called under the lock of the home folder. */
export async function stop(place: Place, postmaster: Postmaster): Promise<void> {
  if (isPostmasterOf(place.cluster, postmaster.pid)) {
    process.kill(postmaster.pid, 'SIGINT');
    // Frozen, or a disk that hangs: kill it. The next start replays the log.
    if (!(await hasEnded(place.cluster, postmaster.pid, FAST_STOP_MS)))
      process.kill(postmaster.pid, 'SIGKILL');
  }
  await dropSocketFolder(place, postmaster.socketFolder);
}

/** Whether this process is a server of this cluster, and not another program that got its pid. */
export function isPostmasterOf(cluster: string, pid: number): boolean {
  if (process.platform !== 'linux')
    return spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout.includes(
      cluster,
    );
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(cluster);
  } catch {
    return false;
  }
}

async function hasEnded(cluster: string, pid: number, withinMs: number): Promise<boolean> {
  const giveUpAt = systemClock.now() + withinMs;
  while (isPostmasterOf(cluster, pid)) {
    if (systemClock.now() > giveUpAt) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/** Whether somebody accepts connections on its socket. */
function isListening(postmaster: Postmaster): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(join(postmaster.socketFolder, `.s.PGSQL.${postmaster.port}`));
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** A killed server leaves its `postmaster.pid`. PostgreSQL refuses to start while a process has the pid in it, even
 * if that is some other program by now; but it knows that its own parent cannot be a server. So we write our
 * pid there. The file is not deleted, because it also guards against backends that are still alive. */
async function disown(place: Place, stale: Postmaster): Promise<void> {
  const path = join(place.cluster, 'postmaster.pid');
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  await writeFile(`${path}.new`, text.replace(/^\d+/, String(process.pid)), { mode: 0o600 });
  await giveTo(place.user, `${path}.new`);
  await rename(`${path}.new`, path);
  await dropSocketFolder(place, stale.socketFolder);
}

/** Starts the server and waits until it is ready. Answers why it did not start, or undefined when it did. */
async function start(
  place: Place,
  binaries: Binaries,
  options: ServerOptions,
  giveUpAt: number,
): Promise<string | undefined> {
  const port = options.port ?? DEFAULT_PORT;
  const settings: Record<string, string> = {
    listen_addresses: options.port === undefined ? '' : '127.0.0.1',
    port: String(port),
    unix_socket_directories: await prepareSocketFolder(place, port),
    max_connections: '300',
    // A statement whose client was killed ends within this time.
    client_connection_check_interval: process.platform === 'linux' ? '1s' : '0',
    // Tables of tasks fill with rows that are done; searches pass all of them until they are vacuumed. Default: a minute.
    autovacuum_naptime: '10s',
    // The log is for the server's own troubles. Failed statements are told to their caller, and may hold
    // what customers typed.
    log_min_messages: 'log',
    log_checkpoints: 'off',
    ...options.settings,
  };
  const before = await openLog(place);
  const log = openSync(place.log, 'a', 0o600);
  const child = spawn(
    binaries.postgres,
    ['-D', place.cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    {
      ...place.user,
      cwd: '/',
      env: { PATH: process.env.PATH, TZ: 'UTC' },
      detached: true,
      stdio: ['ignore', log, log],
    },
  );
  closeSync(log);
  child.unref();
  let ended: string | undefined;
  child.on('error', (error) => {
    ended = error.message;
  });
  child.on('exit', (code, signal) => {
    ended ??= `it ended with ${code ?? signal}`;
  });
  while (ended === undefined) {
    const found = await readPostmaster(place.cluster);
    if (found?.pid === child.pid && found?.ready) return undefined;
    if (systemClock.now() > giveUpAt) return 'it does not become ready';
    await sleep(POLL_MS);
  }
  const said = (await readFile(place.log, 'utf8')).slice(before).trim();
  return said || ended;
}

/** Begins a new log where the old one has grown, and answers how long it is now. */
async function openLog(place: Place): Promise<number> {
  const size = (await stat(place.log).catch(() => undefined))?.size ?? 0;
  if (size <= MAX_LOG_BYTES) return size;
  await rename(place.log, `${place.log}.1`);
  return 0;
}

function cannotStart(place: Place, reason: string): GoblinError {
  return new GoblinError('DATABASE_UNAVAILABLE', {
    message: `PostgreSQL in ${place.cluster} does not start: ${reason}`,
  });
}
