/** What a series says in numbers: its last, least, most and mean value over the range. */
export interface Summary {
  readonly last: number | null;
  readonly least: number | null;
  readonly most: number | null;
  readonly mean: number | null;
}

export function summaryOf(values: readonly (number | null)[]): Summary {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return { last: null, least: null, most: null, mean: null };
  let [least, most, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const value of known) {
    least = Math.min(least, value);
    most = Math.max(most, value);
    sum += value;
  }
  return { last: known.at(-1)!, least, most, mean: sum / known.length };
}
