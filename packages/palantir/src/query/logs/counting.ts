/** How many lines there were over time. Where only services, levels and whole minutes are asked for, the store's counters say it;
 * anything else looks at the lines, within limits. Both count a line within [t - range, t). */
import { GoblinError } from '@goblin/core';
import type { LogLine } from '../../model.ts';
import { type CountSeries, LineCounts, MAX_COUNT_STEPS } from '../../store/logs/line-counts.ts';
import { compileMatchers } from '../../store/matching.ts';
import type { SearchEnd, SearchLimits } from '../../store/search-budget.ts';
import type { TelemetryStore } from '../../store/telemetry-store.ts';
import type { LogCounting } from './ast.ts';
import { compileSelection } from './compile.ts';
import { lineLabel } from './line-labels.ts';

const MINUTE_MS = 60_000;
/** What the counters are kept by. */
const COUNTED: ReadonlySet<string> = new Set(['service', 'level', 'severity']);

export interface CountRange {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

export interface Counted {
  readonly startMs: number;
  readonly stepMs: number;
  /** One count for each step from `startMs` on. */
  readonly series: readonly CountSeries[];
  readonly end: SearchEnd;
}

/** @throws INVALID_INPUT, RESOURCE_EXHAUSTED for too many steps or series, and what reads of the store throw */
export async function countLogs(
  store: Pick<TelemetryStore, 'countLines' | 'logCounts'>,
  { selection, rangeMs, by }: LogCounting,
  { fromMs, toMs, stepMs }: CountRange,
  limits: SearchLimits,
  signal?: AbortSignal,
): Promise<Counted> {
  if (!(stepMs >= 1) || !(toMs >= fromMs))
    throw new GoblinError('INVALID_INPUT', {
      message: 'counts need a step, and an end that is not before the start',
    });
  const steps = Math.floor((toMs - fromMs) / stepMs) + 1;
  if (steps > MAX_COUNT_STEPS) {
    const message = `these are ${steps} steps, and ${MAX_COUNT_STEPS} at most are allowed: ask for less time or longer steps`;
    throw new GoblinError('RESOURCE_EXHAUSTED', { message });
  }
  const counted = { startMs: fromMs, stepMs, steps, rangeMs, by };
  const within = { fromMs: fromMs - rangeMs, toMs: fromMs + (steps - 1) * stepMs };
  const areMinutes = [fromMs, stepMs, rangeMs].every((ms) => ms % MINUTE_MS === 0);
  const labels = [...selection.matchers.map(({ label }) => label), ...by];
  const isKept = areMinutes && selection.stages.length === 0 && labels.every((label) => COUNTED.has(label));
  if (!isKept) {
    const query = { ...compileSelection(selection), ...within, ...limits };
    return { ...(await store.countLines({ query, ...counted }, signal)), startMs: fromMs, stepMs };
  }
  const startedAt = performance.now();
  const matchers = compileMatchers(selection.matchers);
  const counts = new LineCounts(counted);
  let found = 0;
  for (const { minuteMs, service, severity, count } of await store.logCounts(within, signal)) {
    const line: LogLine = { atMs: minuteMs, service, severity, body: '', attributes: {} };
    if (!matchers.every(({ label, takes }) => takes(lineLabel(line, label)))) continue;
    const values = by.map((label) => lineLabel(line, label));
    counts.add(values, minuteMs, count);
    found += count;
  }
  const ms = Math.round(performance.now() - startedAt);
  const end = { found, looked: 0, blocks: 0, skippedBlocks: 0, ms };
  return { startMs: fromMs, stepMs, series: counts.list(), end };
}
