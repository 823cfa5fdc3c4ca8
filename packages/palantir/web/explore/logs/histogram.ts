/** Counts of lines by time and severity, put into the bars of a chart. */
import { LEVELS, type Level, levelOf } from '../parts/severity.ts';
import { stepOf, type TimeRange } from '../parts/time-range.ts';

/** What `GET /palantir/logs/counts` answers. */
export interface LogCount {
  readonly atMs: number;
  readonly severity: number;
  readonly count: number;
}

export interface Histogram {
  readonly stepMs: number;
  /** When each bar begins. */
  readonly times: readonly number[];
  /** Of each level that occurs, the worst first: lines of each bar. */
  readonly levels: readonly { readonly level: Level; readonly counts: readonly number[] }[];
  readonly total: number;
}

const MAX_BARS = 90;

/** How long a bar is: counts are asked for in these steps. */
export function barOf(range: TimeRange): number {
  return stepOf(range, MAX_BARS);
}

export function histogramOf(counts: readonly LogCount[], range: TimeRange): Histogram {
  const stepMs = barOf(range);
  const firstMs = Math.floor(range.fromMs / stepMs) * stepMs;
  const bars = Math.floor((range.toMs - firstMs) / stepMs) + 1;
  const byLevel = new Map<Level, number[]>();
  let total = 0;
  for (const { atMs, severity, count } of counts) {
    const bar = Math.floor((atMs - firstMs) / stepMs);
    if (bar < 0 || bar >= bars) continue;
    const level = levelOf(severity);
    let values = byLevel.get(level);
    if (!values) {
      values = new Array<number>(bars).fill(0);
      byLevel.set(level, values);
    }
    values[bar]! += count;
    total += count;
  }
  return {
    stepMs,
    times: Array.from({ length: bars }, (_, index) => firstMs + index * stepMs),
    levels: LEVELS.flatMap((level) => (byLevel.has(level) ? [{ level, counts: byLevel.get(level)! }] : [])),
    total,
  };
}
