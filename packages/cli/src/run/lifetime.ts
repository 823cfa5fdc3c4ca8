/** How a process that serves comes to its end: told by a signal or by its supervisor it stops in order, a second signal
 * ends it at once, and what nobody caught is logged before it ends it. The exit code is 0 after an orderly stop. */
import { sleep } from '@goblin/core';
import type { PlatformProcess } from './process.ts';
import { onSignals } from './signals.ts';
import { callTotals } from './traffic.ts';

const STOP_TIMEOUT_MS = 5_000;
/** What is kept back of the time to stop, to send the last telemetry. */
const LAST_WORDS_MS = 250;

export interface Serving {
  /** Where it can be reached. */
  readonly url: string;
  stop(timeoutMs: number): Promise<void>;
  /** Resolves with an exit code when it ends by itself. */
  readonly ended?: Promise<number>;
}

/** Starts it and serves until it is to stop. @returns the exit code. @throws what `start` throws. */
export async function serveUntilStopped(
  self: PlatformProcess,
  start: () => Promise<Serving>,
): Promise<number> {
  const { log, name, supervisor } = self;
  const stop = Promise.withResolvers<number>();
  const offSignals = onSignals((signal) => {
    log.info({ signal }, `${name} stops`);
    stop.resolve(STOP_TIMEOUT_MS);
  });
  supervisor?.onStop((timeoutMs) => stop.resolve(timeoutMs));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, `${name} fails: nobody caught an error`);
    process.exit(1);
  });
  supervisor?.beat(() => callTotals(self.telemetry.metrics));
  let untilMs = performance.now() + STOP_TIMEOUT_MS;
  try {
    const serving = await start();
    supervisor?.tell({ goblin: 'phase', phase: 'ready', url: serving.url });
    log.info({ url: serving.url, readyMs: Math.round(performance.now()) }, `${name} is ready`);
    const end = await Promise.race([
      stop.promise.then((timeoutMs) => ({ timeoutMs })),
      ...(serving.ended ? [serving.ended.then((code) => ({ code }))] : []),
    ]);
    if ('code' in end) return end.code;
    untilMs = performance.now() + end.timeoutMs;
    supervisor?.tell({ goblin: 'phase', phase: 'draining' });
    await serving.stop(Math.max(0, end.timeoutMs - LAST_WORDS_MS));
    return 0;
  } finally {
    offSignals();
    const leftMs = Math.max(LAST_WORDS_MS, untilMs - performance.now());
    await Promise.race([self.close(), sleep(leftMs)]);
  }
}
