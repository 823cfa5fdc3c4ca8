/** Chance that can be had again: numbers that follow from a seed, by mulberry32 (Tommy Ettinger). What processes and the
 * scheduler make of them differs from run to run; the plan of a run does not. */

export interface Chance {
  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number;
  between(from: number, to: number): number;
  oneIn(count: number): boolean;
  /** A source of its own, so that who draws when does not matter. */
  branch(): Chance;
}

export function chance(seed: number): Chance {
  let state = seed | 0;
  function below(limit: number): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }
  return {
    below,
    between: (from, to) => from + below(to - from + 1),
    oneIn: (count) => below(count) === 0,
    branch: () => chance(below(2 ** 31)),
  };
}
