/** Waits until it is rung, or for some time. A ring that comes while nobody waits ends the next wait at once. */
import type { Clock } from '@goblin/core';

export interface Bell {
  ring(): void;
  /** Resolves when it is rung, after `ms` where that is given, or when the signal is aborted. One waits at a time. */
  wait(ms: number | undefined, signal: AbortSignal): Promise<void>;
}

export function createBell(clock: Clock): Bell {
  let isRung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      if (wake) wake();
      else isRung = true;
    },
    async wait(ms, signal) {
      if (isRung || signal.aborted) {
        isRung = false;
        return;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      const timer = ms === undefined ? undefined : clock.after(ms, resolve);
      signal.addEventListener('abort', resolve as () => void, { once: true });
      try {
        await promise;
      } finally {
        wake = undefined;
        timer?.cancel();
        signal.removeEventListener('abort', resolve as () => void);
      }
    },
  };
}
