/** Runs a program that is not ours and speaks HTTP: starts it, asks its health until it is ready and then regularly,
 * and ends it with SIGTERM, later SIGKILL. It is told its port by PORT. A port that somebody listens on already is
 * refused, because otherwise the other program would be taken for this one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { GoblinError, type ProgramSpec, sleep } from '@goblin/core';
import { commandWords } from './command-line.ts';

const HOST = '127.0.0.1';
const FIRST_POLL_MS = 50;
const POLL_MS = 2_000;
const ANSWER_TIMEOUT_MS = 1_000;
/** Without a good answer so often in a row it is no longer ready. */
const UNHEALTHY_AFTER = 3;
/** What SIGKILL needs of the time to stop. */
const KILL_RESERVE_MS = 100;

export interface ProgramOptions {
  readonly spec: Required<ProgramSpec>;
  /** The folder of the config file. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told when it becomes ready, and when it no longer is. */
  readonly onHealth: (ready: boolean) => void;
}

export interface Program {
  readonly host: string;
  readonly port: number;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  stop(timeoutMs: number): Promise<void>;
}

/** @throws PORT_IN_USE; CONFIG_INVALID when the command cannot be run. */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const { spec, cwd, env } = options;
  const [file, ...args] = commandWords(spec.command);
  if (await isListening(spec.port)) {
    throw new GoblinError('PORT_IN_USE', {
      message: `another program listens on ${HOST}:${spec.port}, where \`${spec.command}\` should`,
    });
  }
  const child = spawn(file, args, {
    cwd,
    env: { ...env, PORT: String(spec.port) },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  await started(child, spec.command);
  const ending = new AbortController();
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal!));
  });
  void ended.then(() => ending.abort());
  void watchHealth(spec, options.onHealth, ending.signal);
  return {
    host: HOST,
    port: spec.port,
    ended,
    async stop(timeoutMs) {
      ending.abort();
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), Math.max(0, timeoutMs - KILL_RESERVE_MS));
      await ended;
      clearTimeout(killer);
    },
  };
}

function started(child: ChildProcess, command: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => {
      reject(
        new GoblinError('CONFIG_INVALID', {
          message: `the command \`${command}\` cannot be run: ${cause.message}`,
          cause,
        }),
      );
    });
  });
}

async function watchHealth(
  spec: Required<ProgramSpec>,
  onHealth: (ready: boolean) => void,
  signal: AbortSignal,
): Promise<void> {
  let ready = false;
  let failures = 0;
  while (!signal.aborted) {
    failures = (await isHealthy(spec)) ? 0 : failures + 1;
    const now: boolean = failures === 0 || (ready && failures < UNHEALTHY_AFTER);
    if (now !== ready && !signal.aborted) onHealth(now);
    ready = now;
    await sleep(ready ? POLL_MS : FIRST_POLL_MS, signal).catch(() => {});
  }
}

async function isHealthy({ port, health }: Required<ProgramSpec>): Promise<boolean> {
  try {
    const response = await fetch(`http://${HOST}:${port}${health}`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    await response.body?.cancel();
    // Nobody said which path tells its health: that it answers at all must do.
    return response.ok || health === '/';
  } catch {
    return false;
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, HOST);
    const settle = (listening: boolean): void => {
      socket.destroy();
      resolve(listening);
    };
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => settle(false));
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
