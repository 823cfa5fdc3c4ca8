/** Waiting on the injected clock. */
import type { Clock } from '@goblin/core';

/** Resolves after `delayMs`, or as soon as the signal is aborted. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.after(delayMs, done);
    signal.addEventListener('abort', done, { once: true });
  });
}

/** Runs `work` at once and then each `periodMs`, never twice at a time: work that takes longer puts the next off.
 * Ends when the signal is aborted. */
export async function eachPeriod(
  clock: Clock,
  periodMs: number,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    const beganMs = clock.now();
    await work();
    await pause(clock, Math.max(0, periodMs - (clock.now() - beganMs)), signal);
  }
}

/** Ends with the signal, or after so long. Disposing ends the timer. */
export function deadlineSignal(
  clock: Clock,
  delayMs: number,
  signal: AbortSignal,
): { readonly signal: AbortSignal } & Disposable {
  const late = new AbortController();
  const timer = clock.after(delayMs, () =>
    late.abort(new Error(`there was no answer within ${delayMs / 1_000} s`)),
  );
  return { signal: AbortSignal.any([signal, late.signal]), [Symbol.dispose]: () => timer.cancel() };
}
