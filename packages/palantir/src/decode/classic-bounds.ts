/** The fixed bounds of histograms that come with none of their own (exponential histograms, StatsD timers), by the unit of the
 * metric: fixed, because a bound that comes and goes breaks every rate over it. */
const SECONDS: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
];
const BOUNDS: Readonly<Record<string, readonly number[]>> = {
  s: SECONDS,
  ms: SECONDS.map((bound) => Number((bound * 1_000).toPrecision(3))),
  By: Array.from({ length: 13 }, (_, i) => 4 ** (i + 3)),
};
/** 1, 2 and 5 of each decade from a thousandth to a million. */
const OTHERS: readonly number[] = Array.from({ length: 28 }, (_, i) =>
  Number(`${[1, 2, 5][i % 3]}e${Math.floor(i / 3) - 3}`),
);

/** @param unit as UCUM writes it: `s`, `ms`, `By`. @returns rising, without +Inf. */
export function classicBounds(unit: string): readonly number[] {
  return Object.hasOwn(BOUNDS, unit) ? BOUNDS[unit]! : OTHERS;
}
