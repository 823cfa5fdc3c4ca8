/** Repeatable cases for property tests: the same seed gives the same cases on each machine. */

export interface Cases {
  /** A whole number from `least` to `most`. */
  whole(least: number, most: number): number;
  oneOf<T>(choices: readonly T[]): T;
}

/** Runs `property` for `count` cases; a failure names the case that broke it. */
export function forAll(count: number, property: (cases: Cases) => void, seed = 20_260_101): void {
  for (let index = 0; index < count; index++) {
    try {
      property(cases(seed + index));
    } catch (error) {
      throw new Error(`case ${index} of seed ${seed}`, { cause: error });
    }
  }
}

/** mulberry32, which is small and mixes well enough for test cases. */
function cases(seed: number): Cases {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  const whole = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1));
  return { whole, oneOf: (choices) => choices[whole(0, choices.length - 1)]! };
}
