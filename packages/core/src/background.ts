/** Loops that run beside the calls of a service. One that throws is started again after a growing pause (up to
 * MAX_PAUSE_MS), logged and counted; none outlives the service. */

import { sleep } from './clock.ts';
import { context } from './context.ts';
import { untilDeadline } from './deadline.ts';
import type { Telemetry } from './telemetry/telemetry.ts';

const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 30_000;
/** A loop that ran this long before it failed is taken as recovered: the pause begins anew. */
const RECOVERED_MS = 60_000;
const STOP_TIMEOUT_MS = 5_000;

export type BackgroundLoop = (signal: AbortSignal) => Promise<void>;

export interface Background {
  /** Starts a loop. It should end soon after the signal is aborted; returning ends it for good. */
  run(name: string, loop: BackgroundLoop): void;
  /** Aborts all loops and waits until they have ended. @throws DEADLINE_EXCEEDED naming those that have not */
  stop(): Promise<void>;
}

export function createBackground(telemetry: Telemetry): Background {
  const stopping = new AbortController();
  const running = new Map<string, Promise<void>>();
  const failures = telemetry.metrics.counter('background_failures_total', {
    help: 'Times a background loop threw and was started again.',
    labels: ['loop'],
  });

  async function supervise(name: string, loop: BackgroundLoop): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!stopping.signal.aborted) {
      const startedMs = performance.now();
      try {
        await loop(stopping.signal);
        return;
      } catch (error) {
        if (stopping.signal.aborted) return;
        if (performance.now() - startedMs > RECOVERED_MS) pauseMs = FIRST_PAUSE_MS;
        failures.with(name).add();
        telemetry.log.error(
          { err: error, loop: name, pauseMs },
          `the background loop ${name} failed; it starts again`,
        );
        await sleep(pauseMs * (0.5 + Math.random() / 2), stopping.signal).catch(() => {});
        pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
      }
    }
  }

  return {
    run(name, loop) {
      const ended = context.detach(() => supervise(name, loop)).finally(() => running.delete(name));
      running.set(name, ended);
    },
    async stop() {
      stopping.abort();
      await untilDeadline(
        Promise.all(running.values()),
        STOP_TIMEOUT_MS,
        () =>
          `these background loops did not end within ${STOP_TIMEOUT_MS / 1_000} s: ${[...running.keys()].join(', ')}`,
      );
    },
  };
}
