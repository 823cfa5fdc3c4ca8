/** How long to wait before a process that ended by itself is started again: the first time not at all, then
 * twice as long each time, with jitter so that processes which fall together do not rise together. Once it has
 * been ready for HEALTHY_MS the count begins anew. */

const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 15_000;
const HEALTHY_MS = 10_000;
/** So many failures in a row are a crash loop, and shown as one. */
export const CRASH_LOOP_FAILURES = 3;

export interface RestartPause {
  /** Failures in a row so far. */
  readonly failures: number;
  /** Counts one more failure and says how many ms to wait. @param readyForMs how long it had been ready. */
  next(readyForMs: number): number;
  /** Forgets the failures: what runs next is something else. */
  reset(): void;
}

/** @param random from 0 to 1; the pause is between half and all of its nominal length. */
export function restartPause(random: () => number = Math.random): RestartPause {
  let failures = 0;
  return {
    get failures() {
      return failures;
    },
    next(readyForMs) {
      if (readyForMs >= HEALTHY_MS) failures = 0;
      failures += 1;
      if (failures === 1) return 0;
      const nominalMs = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 2), MAX_PAUSE_MS);
      return nominalMs * (0.5 + random() / 2);
    },
    reset() {
      failures = 0;
    },
  };
}
