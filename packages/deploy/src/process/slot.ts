/** One place of a service: keeps exactly one instance running in it. An instance that ends by itself is started
 * again after a pause; it is replaced by starting the new one first and letting the old one go only when the new
 * one is ready, so that the place is never empty. If the new one fails, the old one stays. */
import type { Clock, Timer } from '@goblin/core';
import type { Instance, InstanceEnd } from './instance.ts';
import { CRASH_LOOP_FAILURES, restartPause } from './restart-pause.ts';

export interface SlotOptions {
  readonly clock: Clock;
  start(): Instance;
  /** Two instances cannot run side by side, because both would listen on one port. */
  readonly exclusive: boolean;
  readonly drainTimeoutMs: number;
  /** Told of an instance that ended by itself, and in how many ms the next is started. */
  onFailure(instance: Instance, end: InstanceEnd, pauseMs: number): void;
  onChange(): void;
}

export interface Slot {
  /** The instances in it: one, two during a replacement, none while it waits to start again. */
  readonly instances: readonly Instance[];
  readonly restarts: number;
  /** Failed so often in a row that it is taken as broken. */
  readonly failing: boolean;
  /** Why it last failed; undefined once an instance is ready again. */
  readonly failure: string | undefined;
  /** Resolves when an instance is ready for the first time; rejects when the first one fails. */
  readonly firstReady: Promise<void>;
  /** Resolves when the new instance is ready, while the old one may still drain.
   * @throws MODULE_FAILED when the new instance fails to start; then the old one goes on. */
  replace(): Promise<{ readonly drained: Promise<unknown> }>;
  stop(timeoutMs: number): Promise<void>;
  /** At once. */
  kill(): void;
}

export function slot(options: SlotOptions): Slot {
  const { clock } = options;
  const pause = restartPause();
  const instances = new Set<Instance>();
  /** The one that is to be started again when it ends. */
  let current: Instance | undefined;
  let restartTimer: Timer | undefined;
  let restarts = 0;
  let failure: string | undefined;
  let stopped = false;

  function launch(): Instance {
    const instance = options.start();
    instances.add(instance);
    instance.ready.then(
      () => {
        failure = undefined;
        options.onChange();
      },
      () => {},
    );
    void instance.ended.then((end) => {
      instances.delete(instance);
      if (instance === current) onEnd(instance, end);
      options.onChange();
    });
    return instance;
  }

  function onEnd(instance: Instance, end: InstanceEnd): void {
    current = undefined;
    if (stopped) return;
    failure = end.failure ?? `${instance.id} ${end.how}`;
    const pauseMs = pause.next(end.readyForMs);
    restartTimer = clock.after(pauseMs, () => {
      restarts += 1;
      current = launch();
      options.onChange();
    });
    options.onFailure(instance, end, pauseMs);
  }

  function retire(old: Instance | undefined): Promise<unknown> {
    return old ? old.stop(options.drainTimeoutMs) : Promise.resolve();
  }

  async function replace(): Promise<{ drained: Promise<unknown> }> {
    restartTimer?.cancel();
    pause.reset();
    const old = current;
    if (options.exclusive || old?.state !== 'ready') {
      // There is nothing to keep serving meanwhile, or no room beside it.
      current = undefined;
      await retire(old);
      if (!stopped) current = launch();
      await current?.ready;
      return { drained: Promise.resolve() };
    }
    const next = launch();
    await next.ready;
    // The old one may have failed meanwhile; then its own restart is on the way, and this one comes before it.
    restartTimer?.cancel();
    const before = current;
    current = next;
    return { drained: retire(before) };
  }

  current = launch();
  const firstReady = current.ready;
  return {
    get instances() {
      return [...instances];
    },
    get restarts() {
      return restarts;
    },
    get failing() {
      return pause.failures >= CRASH_LOOP_FAILURES && failure !== undefined;
    },
    get failure() {
      return failure;
    },
    firstReady,
    replace,
    async stop(timeoutMs) {
      stopped = true;
      restartTimer?.cancel();
      await Promise.all([...instances].map((instance) => instance.stop(timeoutMs)));
    },
    kill() {
      stopped = true;
      restartTimer?.cancel();
      for (const instance of instances) instance.kill();
    },
  };
}
