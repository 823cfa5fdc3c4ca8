/** What a chart makes of its values before it draws them. */
type Values = ArrayLike<number | null | undefined>;

/** How many steps at the end may be unknown yet: their samples are on their way. */
const LATE_STEPS = 2;

/** The value at the end; null where nothing was known there any more, whatever was known before. */
export function lastOf(values: readonly (number | null)[]): number | null {
  return values.slice(-1 - LATE_STEPS).findLast((value) => value !== null) ?? null;
}

/** Values with nothing known on either side of them: no line shows those. */
export function lonely(values: Values, first: number, last: number): number[] {
  const found: number[] = [];
  for (let at = first; at <= last; at++)
    if (values[at] != null && values[at - 1] == null && values[at + 1] == null) found.push(at);
  return found;
}

/** The first is the sum of all. What is not known counts for nothing, and where nothing is known there is no sum. */
export function stacked(lines: readonly Values[], length: number): (number | null)[][] {
  const below: (number | null)[] = Array.from({ length }, (_, at) =>
    lines.some((values) => values[at] != null) ? 0 : null,
  );
  return lines
    .toReversed()
    .map((values) =>
      below.map((sum, at) => {
        if (sum !== null) below[at] = sum + (values[at] ?? 0);
        return below[at]!;
      }),
    )
    .reverse();
}

/** `2.5/s` for `2.50/s`, `4 s` for `4.00 s`: beside an axis digits that say nothing are in the way. */
export function shortened(text: string): string {
  return text.replace(/\.(\d*?)0+(?=\D|$)/, (_, digits: string) => (digits ? `.${digits}` : ''));
}

/** From 0 where nothing is below it, with some room above. */
export function spanOf(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null || (low === 0 && high === 0)) return [0, 1];
  return [Math.min(0, low * 1.1), high > 0 ? high * 1.1 : 0];
}

/** `14:03` within a day, with the date where another one begins; in 24 hours. */
export function timeLabels(times: readonly number[]): string[] {
  const step = (times[1] ?? 0) - (times[0] ?? 0);
  return times.map((ms, index) => {
    const date = new Date(ms);
    const day = `${date.getDate()} ${date.toLocaleString('en', { month: 'short' })}`;
    if (step >= 86_400_000) return day;
    const time = date.toLocaleTimeString('en-GB').slice(0, step < 60_000 ? 8 : 5);
    const isNewDay = index > 0 && new Date(times[index - 1]!).getDate() !== date.getDate();
    return isNewDay ? day : time;
  });
}
