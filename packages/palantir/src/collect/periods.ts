/** Periods and deadlines on the injected clock. */
import { type Clock, pause } from '@goblin/core';

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
