/** One instance from its start to its end: a process group (process-group.ts) that reports over IPC. When that
 * channel closes it drains and exits by itself, which is how no instance outlives a supervisor that was killed. One
 * that is not ready in time, or that no longer sends heartbeats, is killed. */
import type { Readable } from 'node:stream';
import { type Clock, type EdgeSpec, GoblinError, type Timer } from '@goblin/core';
import { type FromInstance, type Heartbeat, isMessage, type ToInstance } from './messages.ts';
import { type ProcessSpec, spawnGroup } from './process-group.ts';
import { watchReadiness } from './readiness.ts';
import { GIVEN_UP_MS, watchSilence } from './silence.ts';

/** From the start of the process until it is ready. */
const START_TIMEOUT_MS = 30_000;
/** Between the time it was given to stop and SIGKILL. */
const STOP_GRACE_MS = 250;

export type InstanceState = 'starting' | 'ready' | 'hanging' | 'draining' | 'ended';

export interface InstanceSpec extends ProcessSpec {
  /** Unique for each start. */
  readonly id: string;
  readonly service: string;
  readonly version: string;
  /** It answers `/readyz`. */
  readonly hasReadiness: boolean;
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
  /** Which of its health checks fail, for people; undefined when none does. */
  readonly problem: string | undefined;
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
  const { child, kill, ended: processEnded } = spawnGroup(spec, clock);
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<InstanceEnd>();
  ready.promise.catch(() => {});
  const startedAt = clock.wall();
  let state: InstanceState = 'starting';
  let url: string | undefined;
  let heartbeat: Heartbeat | undefined;
  let problem: string | undefined;
  let endReadiness = (): void => {};
  let readyAt: number | undefined;
  let failure: string | undefined;
  let killedFor: string | undefined;
  let killTimer: Timer | undefined;
  const startTimer = clock.after(START_TIMEOUT_MS, () =>
    killFor(`was killed: it was not ready within ${START_TIMEOUT_MS / 1_000} s`),
  );
  const silence = watchSilence(
    {
      hung() {
        if (state === 'ready') enter('hanging');
      },
      givenUp() {
        if (state === 'hanging') killFor(`was killed: it had hung for ${GIVEN_UP_MS / 1_000} s`);
      },
    },
    clock,
  );

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
    get problem() {
      return problem;
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
    silence.heard();
    const said = message as FromInstance;
    if (said.goblin === 'failed') failure = said.message;
    if (said.goblin === 'heartbeat') {
      heartbeat = said;
      listener.heard(instance);
      if (state === 'hanging') enter('ready');
    }
    if (said.goblin === 'phase') {
      url = said.url ?? url;
      if (said.phase === 'ready') becomeReady();
      if (state !== 'draining') enter(said.phase);
    }
  }

  function becomeReady(): void {
    if (readyAt !== undefined) return;
    readyAt = clock.now();
    startTimer.cancel();
    ready.resolve();
    if (!spec.hasReadiness || url === undefined) return;
    endReadiness = watchReadiness(
      url,
      (now) => {
        problem = now;
        listener.changed(instance);
      },
      clock,
    );
  }

  function killFor(reason: string): void {
    killedFor ??= reason;
    kill();
  }

  function stop(timeoutMs: number): Promise<InstanceEnd> {
    if (state !== 'ended') {
      enter('draining');
      if (child.connected) say({ goblin: 'stop', timeoutMs });
      else child.kill('SIGTERM');
      killTimer ??= clock.after(timeoutMs + STOP_GRACE_MS, () =>
        killFor('was killed: it did not stop in time'),
      );
    }
    return ended.promise;
  }

  function end(how: string): void {
    startTimer.cancel();
    killTimer?.cancel();
    silence.stop();
    endReadiness();
    enter('ended');
    const readyForMs = readyAt === undefined ? 0 : clock.now() - readyAt;
    const what = killedFor ?? how;
    ready.reject(
      new GoblinError('MODULE_FAILED', { message: failure ?? `${spec.service} ${what} before it was ready` }),
    );
    ended.resolve({ how: what, failure, readyForMs });
  }

  child.on('message', hear);
  void processEnded.then(end);
  if (child.stdout) listener.output(instance, child.stdout, 'stdout');
  if (child.stderr) listener.output(instance, child.stderr, 'stderr');
  return instance;
}
