/** A child process that leads a process group of its own: a Ctrl-C in the terminal does not reach it, and nothing that
 * it started survives it, because when it ends the rest of its group is killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '@goblin/core';

/** How long the output of an ended process is read on. */
const OUTPUT_GRACE_MS = 250;

export interface ProcessSpec {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface ProcessGroup {
  readonly child: ChildProcess;
  /** Resolves when it has ended and its output was read: `exited with code 1`, `was killed by SIGKILL`. */
  readonly ended: Promise<string>;
  /** Ends all of it at once. */
  kill(): void;
}

/** Output is piped, and there is an IPC channel. */
export function spawnGroup({ file, args, cwd, env }: ProcessSpec, clock: Clock): ProcessGroup {
  const child = spawn(file, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  const kill = (): void => killGroup(child.pid);
  child.on('error', (error) => resolve(`could not be started: ${error.message}`));
  // `close` follows `exit` when the output has been read to its end; a process that left the group may hold
  // that open for ever.
  child.on('exit', (code, signal) => {
    kill();
    const how = signal ? `was killed by ${signal}` : `exited with code ${code}`;
    child.once('close', () => resolve(how));
    clock.after(OUTPUT_GRACE_MS, () => {
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve(how);
    });
  });
  return { child, ended, kill };
}

function killGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    // Nobody is left in it.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
