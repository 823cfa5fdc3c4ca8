/** An embedded PostgreSQL for tests: in a temporary folder, without fsync, gone with the process. What a killed
 * process left behind, the next one clears away. */
import { rmSync } from 'node:fs';
import { chmod, mkdtemp, readdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attachOrStart, type EmbeddedServer } from './embedded.ts';
import { tryExclusive } from './kernel-lock.ts';
import { isPostmasterOf, readPostmaster } from './postmaster.ts';

const PREFIX = 'goblin-throwaway-';
const END_TIMEOUT_MS = 2_000;
const POLL_MS = 5;

export const THROWAWAY_SETTINGS: Readonly<Record<string, string>> = { fsync: 'off' };

let server: Promise<EmbeddedServer> | undefined;

/** The one of this process, started at first use. It ends and its files go when the process exits. */
export function throwawayServer(): Promise<EmbeddedServer> {
  server ??= start();
  return server;
}

async function start(): Promise<EmbeddedServer> {
  await sweep();
  const folder = await mkdtemp(join(tmpdir(), PREFIX));
  // Root's server runs as another user, who must be able to pass.
  await chmod(folder, 0o711);
  const started = await attachOrStart(homeIn(folder), { settings: THROWAWAY_SETTINGS });
  process.on('exit', () => {
    endNow(started.place.cluster, started.pid);
    rmSync(started.place.folder, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  });
  return started;
}

/** Folders whose lock of users nobody holds: a living process has it from before its server starts. */
async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const folder = join(tmpdir(), name);
    const users = join(homeIn(folder), 'users');
    if (!name.startsWith(PREFIX) || !(await stat(users).catch(() => undefined))) continue;
    const lock = tryExclusive(users);
    if (!lock) continue;
    const cluster = join(homeIn(folder), 'cluster');
    const abandoned = await readPostmaster(cluster);
    if (abandoned) endNow(cluster, abandoned.pid);
    rmSync(folder, { recursive: true, force: true });
    lock.release();
  }
}

function homeIn(folder: string): string {
  return join(folder, 'postgres');
}

function endNow(cluster: string, pid: number): void {
  if (!isPostmasterOf(cluster, pid)) return;
  process.kill(pid, 'SIGQUIT');
  const idle = new Int32Array(new SharedArrayBuffer(4));
  for (let waitedMs = 0; waitedMs < END_TIMEOUT_MS && isPostmasterOf(cluster, pid); waitedMs += POLL_MS)
    Atomics.wait(idle, 0, 0, POLL_MS);
}
