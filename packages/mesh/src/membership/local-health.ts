/** How well we ourselves do, after Lifeguard's local health multiplier (arXiv 1707.00788): who misses answers that
 * others get, or is suspected itself, is probably the slow one, and gives the others more time. */

/** At worst everything takes nine times as long. */
const MAX_SCORE = 8;

export interface LocalHealth {
  /** 0 when all is well, up to 8. */
  readonly score: number;
  improve(): void;
  worsen(by?: number): void;
  /** A time to wait, lengthened by our own condition. */
  stretched(ms: number): number;
}

export function localHealth(): LocalHealth {
  let score = 0;
  return {
    get score() {
      return score;
    },
    improve() {
      score = Math.max(0, score - 1);
    },
    worsen(by = 1) {
      score = Math.min(MAX_SCORE, score + by);
    },
    stretched: (ms) => ms * (score + 1),
  };
}
