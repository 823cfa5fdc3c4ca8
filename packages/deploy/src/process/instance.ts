/** One child process from its start to its end. It leads a process group of its own, so that a Ctrl-C in the
 * terminal reaches only the supervisor, and so that nothing it started survives it: when it has ended, the rest
 * of its group is killed. It reports over IPC; when that channel closes it drains and exits by itself, which is
 * how no instance outlives a supervisor that was killed. One that starts but is never ready, or that stops
 * sending heartbeats, is killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { type Clock, type EdgeSpec, GoblinError, type Timer } from '@goblin/core';
import { type FromInstance, type Heartbeat, isMessage, type ToInstance } from './messages.ts';

/** From the start of the process until it is ready. */
const START_TIMEOUT_MS = 30_000;
/** Without a heartbeat for so long it is shown as hanging; without one for HUNG_KILL_MS it is killed. */
const HUNG_MS = 4_000;
const HUNG_KILL_MS = 15_000;
const HUNG_CHECK_MS = 1_000;
/** Between the time it was given to stop and SIGKILL. */
const STOP_GRACE_MS = 250;
/** How long the output of an ended process is read on. */
const OUTPUT_GRACE_MS = 250;

export type InstanceState = 'starting' | 'ready' | 'hanging' | 'draining' | 'ended';

export interface InstanceSpec {
  /** Unique for each start. */
  readonly id: string;
  readonly service: string;
  readonly version: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface InstanceEnd {
  /** As a sentence: `exited with code 1`, `was killed by SIGKILL`. */
  readonly how: string;
  /** What it said when it could not start. */
  readonly failure: string | undefined;
  /** How long it had been ready, in ms. */
  readonly readyForMs: number;
}

export interface InstanceListener {
  /** It is in another state. */
  changed(instance: Instance): void;
  /** It sent a heartbeat. */
  heard(instance: Instance): void;
  output(instance: Instance, stream: Readable, name: 'stdout' | 'stderr'): void;
}

export interface Instance {
  readonly id: string;
  readonly service: string;
  readonly version: string;
  readonly pid: number | undefined;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly state: InstanceState;
  readonly url: string | undefined;
  readonly heartbeat: Heartbeat | undefined;
  /** Resolves when it is ready. @throws MODULE_FAILED when it ends before that. */
  readonly ready: Promise<void>;
  readonly ended: Promise<InstanceEnd>;
  /** Lets it drain, then kills what is left after `timeoutMs`. */
  stop(timeoutMs: number): Promise<InstanceEnd>;
  /** At once, with its whole group. */
  kill(): void;
  /** For the edge: other routes. */
  route(spec: EdgeSpec): void;
}

export function startInstance(spec: InstanceSpec, listener: InstanceListener, clock: Clock): Instance {
  const child = spawn(spec.file, spec.args, {
    cwd: spec.cwd,
    env: spec.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<InstanceEnd>();
  ready.promise.catch(() => {});
  const startedAt = clock.wall();
  const startedMs = clock.now();
  let state: InstanceState = 'starting';
  let url: string | undefined;
  let heartbeat: Heartbeat | undefined;
  let heardAt = clock.now();
  let readyAt: number | undefined;
  let failure: string | undefined;
  let killedFor: string | undefined;
  let killTimer: Timer | undefined;

  const instance: Instance = {
    id: spec.id,
    service: spec.service,
    version: spec.version,
    pid: child.pid,
    startedAt,
    get state() {
      return state;
    },
    get url() {
      return url;
    },
    get heartbeat() {
      return heartbeat;
    },
    ready: ready.promise,
    ended: ended.promise,
    stop,
    kill,
    route: (edge) => say({ goblin: 'edge', spec: edge }),
  };

  function enter(next: InstanceState): void {
    if (state === next || state === 'ended') return;
    state = next;
    listener.changed(instance);
  }

  function say(message: ToInstance): void {
    // The channel closes with the process; its end is what will be noticed.
    if (child.connected) child.send(message, () => {});
  }

  function hear(message: unknown): void {
    if (!isMessage(message)) return;
    heardAt = clock.now();
    const said = message as FromInstance;
    if (said.goblin === 'failed') failure = said.message;
    if (said.goblin === 'heartbeat') {
      heartbeat = said;
      listener.heard(instance);
      if (state === 'hanging') enter('ready');
    }
    if (said.goblin === 'phase') {
      url = said.url ?? url;
      if (said.phase === 'ready') {
        readyAt ??= clock.now();
        ready.resolve();
      }
      if (state !== 'draining') enter(said.phase);
    }
  }

  /** A process group that is gone cannot be killed again: ESRCH is success. */
  function kill(): void {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  function killFor(reason: string): void {
    killedFor ??= reason;
    kill();
  }

  function stop(timeoutMs: number): Promise<InstanceEnd> {
    if (state !== 'ended') {
      enter('draining');
      say({ goblin: 'stop', timeoutMs });
      killTimer ??= clock.after(timeoutMs + STOP_GRACE_MS, () =>
        killFor('was killed: it did not stop in time'),
      );
    }
    return ended.promise;
  }

  function watchOver(): void {
    const silentMs = clock.now() - heardAt;
    if (state === 'starting' && clock.now() - startedMs > START_TIMEOUT_MS)
      killFor(`was killed: it was not ready within ${START_TIMEOUT_MS / 1_000} s`);
    if (state !== 'ready' && state !== 'hanging') return;
    if (silentMs > HUNG_MS) enter('hanging');
    if (silentMs > HUNG_KILL_MS) killFor(`was killed: it had hung for ${HUNG_KILL_MS / 1_000} s`);
  }
  const watch = clock.every(HUNG_CHECK_MS, watchOver);

  let over = false;
  function end(how: string): void {
    if (over) return;
    over = true;
    watch.cancel();
    killTimer?.cancel();
    enter('ended');
    const readyForMs = readyAt === undefined ? 0 : clock.now() - readyAt;
    const what = killedFor ?? how;
    ready.reject(
      new GoblinError('MODULE_FAILED', { message: failure ?? `${spec.service} ${what} before it was ready` }),
    );
    ended.resolve({ how: what, failure, readyForMs });
  }

  child.on('message', hear);
  child.on('error', (error) => end(`could not be started: ${error.message}`));
  // `close` follows `exit` when its output has been read to the end. What it left running in a group of its own
  // may hold that open for ever.
  child.on('exit', (code, signal) => {
    kill();
    const how = howItEnded(code, signal);
    child.once('close', () => end(how));
    clock.after(OUTPUT_GRACE_MS, () => {
      child.stdout?.destroy();
      child.stderr?.destroy();
      end(how);
    });
  });
  captureOutput(child, instance, listener);
  return instance;
}

function captureOutput(child: ChildProcess, instance: Instance, listener: InstanceListener): void {
  if (child.stdout) listener.output(instance, child.stdout, 'stdout');
  if (child.stderr) listener.output(instance, child.stderr, 'stderr');
}

function howItEnded(code: number | null, signal: NodeJS.Signals | null): string {
  return signal ? `was killed by ${signal}` : `exited with code ${code}`;
}
