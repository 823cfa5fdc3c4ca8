/** What the store promises to who uses it; how it keeps that is in store.ts. */
import type { Batch, Labels, LogLine, Matcher, SpanRecord } from '../model.ts';
import type { LogCount } from './logs/log-counts.ts';
import type { LogFilter, LogQuery } from './logs/log-search.ts';
import type { SeriesExemplars } from './metrics/exemplar-select.ts';
import type { SelectedSeries } from './metrics/packed-series.ts';
import type { Aggregate } from './metrics/rollup.ts';
import type { SearchEnd } from './search-budget.ts';
import type { CountQuery, LineCountAnswer, LineCountQuery, Trace } from './store-reader.ts';
import type { Appended, WriterStats } from './store-writer.ts';
import type { TraceQuery } from './traces/trace-search.ts';
import type { TraceSummary } from './traces/trace-summary.ts';

export interface SelectOptions {
  /** One sample for each so long is enough: from a minute on one per minute, from an hour on one per hour. */
  readonly stepMs?: number;
  /** What a step's sample is, where there are steps. Default `last`. Its time is that of the last sample of its step. */
  readonly aggregate?: Aggregate;
  readonly signal?: AbortSignal;
}

export interface StoreStats extends WriterStats {
  readonly queuedRequests: number;
  readonly queuedBytes: number;
  readonly reads: number;
}

/** Reads throw, besides what they name: RESOURCE_EXHAUSTED when too many run, DEADLINE_EXCEEDED after 30 s, CANCELED by their
 * signal, UNAVAILABLE, DATA_DAMAGED, STORE_UNAVAILABLE, and INVALID_INPUT for a regular expression that is none. */
export interface TelemetryStore extends AsyncDisposable {
  /** @throws RESOURCE_EXHAUSTED when too much waits or the disk's share is full; STORE_UNAVAILABLE, DATA_DAMAGED, UNAVAILABLE */
  append(batch: Batch): Promise<Appended>;
  /** Decodes in the writer's thread. The bytes are handed over: they are empty afterwards, where they own their memory.
   * @param target labels of where a scrape was read. @throws as append, and UNSUPPORTED_MEDIA_TYPE, MALFORMED_REQUEST and what the decoder throws */
  ingest(format: string, bytes: Uint8Array, target?: Labels): Promise<Appended>;

  /** The samples of all series that match, from and to included. @throws RESOURCE_EXHAUSTED above 10 million points */
  select(
    matchers: readonly Matcher[],
    fromMs: number,
    toMs: number,
    options?: SelectOptions,
  ): Promise<SelectedSeries[]>;
  /** These three know days: a series of a day counts for all of it. They list 100,000 at most. */
  labelNames(
    matchers: readonly Matcher[],
    fromMs: number,
    toMs: number,
    signal?: AbortSignal,
  ): Promise<string[]>;
  labelValues(
    label: string,
    matchers: readonly Matcher[],
    fromMs: number,
    toMs: number,
    signal?: AbortSignal,
  ): Promise<string[]>;
  series(matchers: readonly Matcher[], fromMs: number, toMs: number, signal?: AbortSignal): Promise<Labels[]>;

  /** Of the series that match. @throws RESOURCE_EXHAUSTED above 100,000 */
  exemplars(
    matchers: readonly Matcher[],
    fromMs: number,
    toMs: number,
    signal?: AbortSignal,
  ): Promise<SeriesExemplars[]>;

  /** Gives lines as they are found, in order of time. @param ended is told how it ended, before the last line is given out */
  searchLogs(query: LogQuery, signal?: AbortSignal, ended?: (end: SearchEnd) => void): AsyncIterable<LogLine>;
  /** What of these lines each query finds, looked at in the reader's thread. */
  filterLogs(filter: LogFilter, signal?: AbortSignal): Promise<LogLine[][]>;
  /** @throws RESOURCE_EXHAUSTED where the labels make too many series */
  countLines(query: LineCountQuery, signal?: AbortSignal): Promise<LineCountAnswer>;
  /** Calls with the lines of each batch that have at least this severity (default 17, an error), once they are kept and before their
   * sender is answered, until what is returned is called. Lines of a batch that failed half-way are not told: it is sent again. */
  onLogs(listener: (lines: readonly LogLine[]) => void, fromSeverity?: number): () => void;
  /** Of whole minutes. */
  logCounts(query: CountQuery, signal?: AbortSignal): Promise<LogCount[]>;
  trace(traceId: string, signal?: AbortSignal): Promise<Trace | undefined>;
  /** Of all traces, in no order: those that ended from `fromMs` until before `toMs` and began at most a day before.
   * @throws RESOURCE_EXHAUSTED above 50,000 spans */
  endedSpans(fromMs: number, toMs: number, signal?: AbortSignal): Promise<SpanRecord[]>;
  /** Newest first. @param ended as with searchLogs */
  searchTraces(
    query: TraceQuery,
    signal?: AbortSignal,
    ended?: (end: SearchEnd) => void,
  ): Promise<TraceSummary[]>;

  stats(): Promise<StoreStats>;
  /** Seals everything that waits, for who wants files as small as they get. */
  seal(): Promise<void>;
  /** What was accepted is on the disk; open reads fail. */
  close(): Promise<void>;
}
