/** Kills parts of a platform, without warning. Finds them by /proc, so on Linux only. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { attachOrStart } from 'goblin';
import type { Platform } from './platform.fixture.ts';

/** kill -9 of one instance of a service, any of them. */
export function killOne(platform: Platform, service: string): void {
  const pids = pidsOf(platform, service);
  const pid = pids[Math.floor(Math.random() * pids.length)];
  if (pid === undefined) throw new Error(`there is no process of ${service} to kill`);
  process.kill(pid, 'SIGKILL');
}

/** kill -9 of the postmaster: all its backends end with it. */
export async function killPostgres(platform: Platform): Promise<void> {
  const server = await attachOrStart(join(platform.dataFolder, 'postgres'));
  await server.release();
  process.kill(server.pid, 'SIGKILL');
}

function pidsOf(platform: Platform, service: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isInstance(name, platform, service))
    .map(Number);
}

function isInstance(pid: string, platform: Platform, service: string): boolean {
  try {
    const [, , command, name] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return (
      command === 'run' && name === service && environment.includes(`GOBLIN_DATA=${platform.dataFolder}`)
    );
  } catch {
    // It has ended meanwhile.
    return false;
  }
}
