/** The reading half of the store, as it runs in its thread. Each read is a generator, which stops for a moment after each day, block
 * or page, so that several reads take turns, and ends where its control says so. */

import { GoblinError } from '@goblin/core';
import type { Labels, LogLine, Matcher, SpanRecord } from '../model.ts';
import { type DayReader, DayReaders } from './day-reader.ts';
import { DAY_MS, MAX_ENDED_SPANS, MAX_LISTED, MAX_SEARCH_LIMIT } from './limits.ts';
import { type CountSeries, type CountSteps, LineCounts } from './logs/line-counts.ts';
import { type LogCount, LogCounts } from './logs/log-counts.ts';
import {
  compileLogQuery,
  type LogFilter,
  type LogQuery,
  scanLogDay,
  searchLogDay,
} from './logs/log-search.ts';
import { type CompiledMatcher, compileMatchers } from './matching.ts';
import { type SeriesExemplars, selectExemplars } from './metrics/exemplar-select.ts';
import { keyOf } from './metrics/labels.ts';
import { type DayPart, type PackedSeries, packSeries } from './metrics/packed-series.ts';
import type { Aggregate } from './metrics/rollup.ts';
import { rollupStep, selectDay } from './metrics/select.ts';
import type { ReadControl } from './read-control.ts';
import { SearchBudget, type SearchEnd } from './search-budget.ts';
import { endedSpansOfDay } from './traces/ended-spans.ts';
import { BlockSpans, partsOfTrace, summariesOf } from './traces/trace-read.ts';
import { searchTraceDay, type TraceQuery } from './traces/trace-search.ts';
import { joinSummaries, type TraceSummary } from './traces/trace-summary.ts';

const DEFAULT_LOG_LIMIT = 1_000;
const DEFAULT_TRACE_LIMIT = 100;
const MINUTE_MS = 60_000;
const ALWAYS = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };

export interface Selection {
  readonly matchers: readonly Matcher[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs?: number;
  readonly aggregate?: Aggregate;
}

export interface Listing {
  readonly matchers: readonly Matcher[];
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Ended {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface CountQuery {
  readonly service?: string;
  /** At least this. */
  readonly severity?: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Lines to be counted, without a limit. */
export interface LineCountQuery extends CountSteps {
  readonly query: Omit<LogQuery, 'limit' | 'newestFirst'>;
}

export interface LineCountAnswer {
  readonly series: readonly CountSeries[];
  readonly end: SearchEnd;
}

export interface TraceAnswer {
  readonly traces: TraceSummary[];
  readonly end: SearchEnd;
}

export interface Trace {
  readonly summary: TraceSummary;
  /** In order of their starts. */
  readonly spans: readonly SpanRecord[];
}

/** What a read gives: parts on its way, undefined where it only stops for a moment, and an answer at its end. */
export type Read<Answer, Part = never> = Generator<Part | undefined, Answer>;

export class StoreReader {
  readonly #days: DayReaders;

  constructor(folder: string) {
    this.#days = new DayReaders(folder);
  }

  *select(
    { matchers, fromMs, toMs, stepMs, aggregate = 'last' }: Selection,
    control: ReadControl,
  ): Read<PackedSeries> {
    const selection = {
      matchers: compileMatchers(matchers),
      fromMs,
      toMs,
      stepMs: rollupStep(stepMs),
      aggregate,
    };
    const found = new Map<string, DayPart[]>();
    for (const day of this.#openBetween(fromMs, toMs)) {
      for (const series of selectDay(day, selection, control)) {
        const key = keyOf(series.labels);
        const parts = found.get(key);
        if (parts) parts.push(series);
        else found.set(key, [series]);
      }
      yield undefined;
    }
    return packSeries([...found.values()]);
  }

  *labelNames(listing: Listing): Read<string[]> {
    const names = new Set<string>();
    for (const labels of this.#matching(listing)) {
      if (!labels) yield undefined;
      else for (const name in labels) names.add(name);
    }
    return [...names].sort();
  }

  *labelValues({ label, ...listing }: Listing & { readonly label: string }): Read<string[]> {
    const values = new Set<string>();
    for (const labels of this.#matching(listing)) {
      if (!labels) yield undefined;
      else if (Object.hasOwn(labels, label)) values.add(labels[label]!);
      if (values.size >= MAX_LISTED) break;
    }
    return [...values].sort();
  }

  *series(listing: Listing): Read<Labels[]> {
    const found = new Map<string, Labels>();
    for (const labels of this.#matching(listing)) {
      if (!labels) yield undefined;
      else found.set(keyOf(labels), labels);
      if (found.size >= MAX_LISTED) break;
    }
    return [...found.values()];
  }

  *exemplars({ matchers, fromMs, toMs }: Listing, control: ReadControl): Read<SeriesExemplars[]> {
    const compiled = compileMatchers(matchers);
    const found = new Map<string, SeriesExemplars>();
    for (const day of this.#openBetween(fromMs, toMs)) {
      for (const one of selectExemplars(day, compiled, fromMs, toMs)) {
        control.count(one.exemplars.length, MAX_LISTED, tooManyExemplars);
        const key = keyOf(one.series);
        const before = found.get(key)?.exemplars ?? [];
        found.set(key, { series: one.series, exemplars: [...before, ...one.exemplars] });
      }
      yield undefined;
    }
    return [...found.values()];
  }

  *searchLogs(query: LogQuery): Read<SearchEnd, LogLine[]> {
    const compiled = compileLogQuery(query);
    const budget = new SearchBudget(query);
    const limit = limitOf(query.limit, DEFAULT_LOG_LIMIT);
    let found = 0;
    const days = this.#days.between(query.fromMs, query.toMs);
    for (const day of compiled.newestFirst ? days.reverse() : days) {
      const reader = this.#days.open(day);
      if (!reader) continue;
      for (const lines of searchLogDay(reader, compiled, budget)) {
        yield lines.length > 0 ? lines.slice(0, limit - found) : undefined;
        found += lines.length;
        if (found >= limit) return budget.end(limit, 'limit');
      }
      if (budget.spentBy) return budget.end(found, budget.spentBy);
    }
    return budget.end(found, undefined);
  }

  /** What of these lines each query finds, in their order; times and limits of the queries do not count. */
  *filterLogs({ lines, queries }: LogFilter): Read<LogLine[][]> {
    const all = queries.map((query) => compileLogQuery({ ...query, ...ALWAYS }));
    const found: LogLine[][] = all.map(() => []);
    for (const [i, { find }] of all.entries()) {
      for (const line of lines) {
        const one = find(line);
        if (one) found[i]!.push(one);
      }
      yield undefined;
    }
    return found;
  }

  *countLines({ query, ...steps }: LineCountQuery): Read<LineCountAnswer> {
    const compiled = compileLogQuery(query);
    const budget = new SearchBudget(query);
    const counts = new LineCounts(steps);
    let found = 0;
    for (const day of this.#openBetween(query.fromMs, query.toMs)) {
      for (const lines of scanLogDay(day, compiled, budget)) {
        for (const line of lines) counts.addLine(line);
        found += lines.length;
        yield undefined;
      }
      if (budget.spentBy) break;
    }
    return { series: counts.list(), end: budget.end(found, budget.spentBy) };
  }

  *logCounts({ service, severity = 0, fromMs, toMs }: CountQuery): Read<LogCount[]> {
    const counts = new LogCounts();
    const firstMs = Math.floor(fromMs / MINUTE_MS) * MINUTE_MS;
    const isWanted = (count: { service: string; severity: number }): boolean =>
      (service === undefined || count.service === service) && count.severity >= severity;
    for (const day of this.#openBetween(firstMs, toMs)) {
      day.db.transaction(() => {
        const rows = day.db
          .prepare(
            'SELECT minute AS minuteMs, service, severity, count FROM log_count WHERE minute BETWEEN ? AND ?',
          )
          .all(firstMs, toMs) as unknown as LogCount[];
        for (const row of rows) if (isWanted(row)) counts.addCount(row);
        for (const line of day.logs.read().flat())
          if (line.atMs >= firstMs && line.atMs < lastMinuteEnd(toMs) && isWanted(line)) counts.add(line);
      });
      yield undefined;
    }
    return counts.list();
  }

  *trace({ traceId }: { readonly traceId: string }): Read<Trace | undefined> {
    const blocks = new BlockSpans();
    const spans = new Map<string, SpanRecord>();
    const summaries: TraceSummary[] = [];
    for (const day of this.#openBetween(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)) {
      const parts = day.db.transaction(() => partsOfTrace(day, traceId));
      summaries.push(...summariesOf(parts));
      for (const span of blocks.spansOf(day, parts)) spans.set(span.spanId, span);
      yield undefined;
    }
    if (summaries.length === 0) return undefined;
    const ordered = [...spans.values()].sort((one, other) => (one.startNs < other.startNs ? -1 : 1));
    return { summary: joinSummaries(summaries), spans: ordered };
  }

  *searchTraces(query: TraceQuery): Read<TraceAnswer> {
    const limit = limitOf(query.limit, DEFAULT_TRACE_LIMIT);
    const budget = new SearchBudget(query);
    const found: TraceSummary[] = [];
    const seen = new Set<string>();
    const answer = (limitedBy: SearchEnd['limitedBy']): TraceAnswer => ({
      traces: newestFirst(found),
      end: budget.end(found.length, limitedBy),
    });
    for (const day of this.#days.between(query.fromMs, query.toMs).reverse()) {
      const reader = this.#days.open(day);
      if (!reader) continue;
      const neighbours = { day: reader, before: this.#days.open(day - 1), after: this.#days.open(day + 1) };
      for (const summary of searchTraceDay(neighbours, query, seen, budget)) {
        if (summary) found.push(summary);
        else yield undefined;
        if (found.length >= limit) return answer('limit');
      }
      if (budget.spentBy) return answer(budget.spentBy);
    }
    return answer(undefined);
  }

  /** Those that ended from `fromMs` until before `toMs`, and began at most a day before. */
  *endedSpans({ fromMs, toMs }: Ended, control: ReadControl): Read<SpanRecord[]> {
    const blocks = new BlockSpans();
    const spans = new Map<string, SpanRecord>();
    for (const day of this.#openBetween(fromMs - DAY_MS, toMs)) {
      for (const some of endedSpansOfDay(day, blocks, fromMs, toMs)) {
        control.count(some.length, MAX_ENDED_SPANS, tooManySpans);
        for (const span of some) spans.set(`${span.traceId}${span.spanId}`, span);
        yield undefined;
      }
    }
    return [...spans.values()];
  }

  close(): void {
    this.#days.close();
  }

  *#openBetween(fromMs: number, toMs: number): Generator<DayReader> {
    for (const day of this.#days.between(fromMs, toMs)) {
      const reader = this.#days.open(day);
      if (reader) yield reader;
    }
  }

  /** The series of all days in that time that match; undefined after each day. */
  *#matching({ matchers, fromMs, toMs }: Listing): Generator<Labels | undefined> {
    const compiled: CompiledMatcher[] = compileMatchers(matchers);
    for (const day of this.#openBetween(fromMs, toMs)) {
      day.series.refresh();
      for (const id of day.series.find(compiled)) yield day.series.labelsOf(id);
      yield undefined;
    }
  }
}

function tooManySpans(): GoblinError {
  const message = `more than ${MAX_ENDED_SPANS} spans ended within this time: ask for less`;
  return new GoblinError('RESOURCE_EXHAUSTED', { message });
}

function tooManyExemplars(): GoblinError {
  const message = `there are more than ${MAX_LISTED} exemplars: ask for less time or fewer series`;
  return new GoblinError('RESOURCE_EXHAUSTED', { message });
}

function newestFirst(traces: TraceSummary[]): TraceSummary[] {
  return traces.sort((one, other) => other.startMs - one.startMs);
}

function limitOf(limit: number | undefined, byDefault: number): number {
  return Math.max(1, Math.min(limit ?? byDefault, MAX_SEARCH_LIMIT));
}

function lastMinuteEnd(toMs: number): number {
  return (Math.floor(toMs / MINUTE_MS) + 1) * MINUTE_MS;
}
