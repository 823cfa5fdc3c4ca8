/** Waits for some time, or less when there is a hint that something has changed. */
import { type Clock, pause } from '@goblin/core';

export interface Hint {
  /** Something has changed. */
  give(): void;
  /** Resolves when something has changed since the last time, when the time is over, or when the signal is aborted. */
  within(delayMs: number, signal: AbortSignal): Promise<void>;
}

export function hint(clock: Clock): Hint {
  let hasChanged = false;
  let wake = (): void => {};
  return {
    give() {
      hasChanged = true;
      wake();
    },
    async within(delayMs, signal) {
      if (!hasChanged) {
        const early = new AbortController();
        wake = () => early.abort();
        await pause(clock, delayMs, AbortSignal.any([signal, early.signal]));
      }
      hasChanged = false;
    },
  };
}
