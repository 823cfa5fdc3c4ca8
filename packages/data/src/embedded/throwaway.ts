/** An embedded PostgreSQL for tests: in a temporary folder, without fsync, gone with the process. */
import { rmSync } from 'node:fs';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attachOrStart, type EmbeddedServer } from './embedded.ts';
import { isPostmasterOf } from './postmaster.ts';

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
  const folder = await mkdtemp(join(tmpdir(), 'goblin-test-'));
  // Root's server runs as another user, who must be able to pass.
  await chmod(folder, 0o711);
  const started = await attachOrStart(join(folder, 'postgres'), { settings: THROWAWAY_SETTINGS });
  process.on('exit', () => {
    endNow(started);
    rmSync(started.place.folder, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  });
  return started;
}

function endNow({ place, pid }: EmbeddedServer): void {
  if (!isPostmasterOf(place.cluster, pid)) return;
  process.kill(pid, 'SIGQUIT');
  const idle = new Int32Array(new SharedArrayBuffer(4));
  for (let waitedMs = 0; waitedMs < END_TIMEOUT_MS && isPostmasterOf(place.cluster, pid); waitedMs += POLL_MS)
    Atomics.wait(idle, 0, 0, POLL_MS);
}
