/** Whole numbers that are the same for the same seed: mulberry32. */

export interface Random {
  /** From 0 up to `bound`, which is not reached. */
  below(bound: number): number;
  pick<T>(from: readonly T[]): T;
}

export function seeded(seed: number): Random {
  let state = seed | 0;
  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
  const below = (bound: number): number => next() % bound;
  return { below, pick: (from) => from[below(from.length)]! };
}
