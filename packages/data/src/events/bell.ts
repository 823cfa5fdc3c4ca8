/** Wakes one sleeper. A ring that comes while nobody sleeps is kept for the next one, so none is missed. */
import { systemClock } from '@goblin/core';

export interface Bell {
  ring(): void;
  /** Returns when it rings, after `timeoutMs`, or when the signal is aborted. */
  wait(timeoutMs: number, signal: AbortSignal): Promise<void>;
}

export function bell(): Bell {
  let rang = false;
  let wake: (() => void) | undefined;
  const ring = (): void => {
    rang = true;
    wake?.();
  };
  return {
    ring,
    async wait(timeoutMs, signal) {
      if (!rang && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const timer = systemClock.after(timeoutMs, resolve);
          wake = () => {
            timer.cancel();
            resolve();
          };
          signal.addEventListener('abort', ring, { once: true });
        });
        signal.removeEventListener('abort', ring);
      }
      wake = undefined;
      rang = false;
    },
  };
}
