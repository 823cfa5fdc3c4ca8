/** Finds traces, newest first, by their summaries; by attributes through the blocks that may have the words of the values. */
import type { Labels, SpanRecord } from '../../model.ts';
import type { TraceFilter } from '../../query/traces/ast.ts';
import { compileFilter } from '../../query/traces/filter.ts';
import type { DayReader } from '../day-reader.ts';
import { DAY_MS } from '../limits.ts';
import { mayHave, wordsOf } from '../logs/words.ts';
import type { SearchBudget, SearchLimits } from '../search-budget.ts';
import {
  BlockSpans,
  type PartRow,
  partsOfTrace,
  summariesOf,
  type TraceParts,
  traceIdOf,
  waitingSpans,
} from './trace-read.ts';
import { joinSummaries, startMsOf, type TraceSummary } from './trace-summary.ts';

const PAGE = 500;
/** A trace that begins so near to midnight may have spans in the file of the other day. */
const NEAR_MIDNIGHT_MS = 10 * 60_000;

export interface TraceQuery extends SearchLimits {
  /** Has a span in the trace. */
  readonly service?: string;
  /** Of the root. */
  readonly name?: string;
  readonly minDurationMs?: number;
  /** Whether some span failed. */
  readonly error?: boolean;
  /** Which one span has all of. */
  readonly attributes?: Labels;
  /** What its spans are looked at by, once all of the above fits. */
  readonly filter?: TraceFilter;
  /** Whole words that a trace has to have which the filter takes: blocks without them are not read. */
  readonly words?: readonly string[];
  /** When the trace begins. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Default 100, largest 10,000. */
  readonly limit?: number;
}

/** A day and the days beside it, where they are. */
export interface DayNeighbours {
  readonly day: DayReader;
  readonly before: DayReader | undefined;
  readonly after: DayReader | undefined;
}

type Place = readonly [DayReader, TraceParts];

interface Candidate {
  readonly traceId: string;
  readonly startMs: number;
  readonly places: readonly Place[];
}

/** With the number of sealed parts that its trace has in the same day. */
interface CountedPart extends PartRow {
  readonly parts: number;
}

/** Where a page begins: before this time, and at this time before this row. */
interface Cursor {
  readonly ms: number;
  readonly id: number;
}

/** Yields what it finds, and undefined after each page. `seen` keeps a trace from coming twice. Where the budget is spent it ends. */
export function* searchTraceDay(
  days: DayNeighbours,
  query: TraceQuery,
  seen: Set<string>,
  budget: SearchBudget,
): Generator<TraceSummary | undefined> {
  const looksAtSpans = spanSearch(query);
  let cursor: Cursor | undefined = { ms: query.toMs, id: Number.MAX_SAFE_INTEGER };
  while (cursor) {
    const { candidates, next }: Page = days.day.db.transaction(() => pageOf(days, query, cursor!, seen));
    for (const { traceId, places } of candidates) {
      const parts = places.flatMap(([, found]) => summariesOf(found));
      if (seen.has(traceId) || parts.length === 0) continue;
      if (budget.spentBy) return;
      budget.looked++;
      const summary = joinSummaries(parts);
      if (parts.length > 1) seen.add(traceId);
      if (!fits(summary, query) || !looksAtSpans(places, summary)) continue;
      seen.add(traceId);
      yield summary;
    }
    yield undefined;
    cursor = next;
  }
}

interface Page {
  /** Newest first. */
  readonly candidates: readonly Candidate[];
  readonly next: Cursor | undefined;
}

/** Traces of which some part begins in the time asked for. */
function pageOf(
  days: DayNeighbours,
  { fromMs }: TraceQuery,
  cursor: Cursor,
  seen: ReadonlySet<string>,
): Page {
  const { day } = days;
  const rows = day.db
    .prepare(
      `SELECT *, (SELECT count(*) FROM trace_part AS other WHERE other.trace_id = part.trace_id) AS parts
       FROM trace_part AS part WHERE start_ms >= ? AND (start_ms, id) < (?, ?) ORDER BY start_ms DESC, id DESC LIMIT ${PAGE}`,
    )
    .all(fromMs, cursor.ms, cursor.id) as unknown as CountedPart[];
  const last = rows.length === PAGE ? rows.at(-1)! : undefined;
  const starts = new Map<string, number>();
  const whole = new Map<string, PartRow>();
  for (const row of rows) {
    const traceId = traceIdOf(row);
    starts.set(traceId, row.start_ms);
    if (row.parts === 1) whole.set(traceId, row);
  }
  const waiting = waitingSpans(day);
  const boundMs = Math.max(fromMs, last?.start_ms ?? fromMs);
  for (const [traceId, spans] of waiting) {
    const startMs = Math.min(...spans.map(startMsOf));
    if (startMs >= boundMs && startMs <= cursor.ms && !starts.has(traceId)) starts.set(traceId, startMs);
  }
  const candidates = Array.from(starts, ([traceId, startMs]) => ({ traceId, startMs }))
    .filter(({ traceId }) => !seen.has(traceId))
    .sort((one, other) => other.startMs - one.startMs)
    .map((one) => ({ ...one, places: placesOf(days, one, waiting, whole.get(one.traceId)) }));
  return { candidates, next: last && { ms: last.start_ms, id: last.id } };
}

function placesOf(
  { day, before, after }: DayNeighbours,
  { traceId, startMs }: Pick<Candidate, 'traceId' | 'startMs'>,
  waiting: ReadonlyMap<string, SpanRecord[]>,
  whole: PartRow | undefined,
): Place[] {
  const beside = (other: DayReader | undefined, isNear: boolean): Place[] =>
    other && isNear ? [[other, other.db.transaction(() => partsOfTrace(other, traceId))]] : [];
  return [
    ...beside(before, startMs - day.startMs < NEAR_MIDNIGHT_MS),
    [
      day,
      whole ? { sealed: [whole], waiting: waiting.get(traceId) ?? [] } : partsOfTrace(day, traceId, waiting),
    ],
    ...beside(after, day.startMs + DAY_MS - startMs < NEAR_MIDNIGHT_MS),
  ];
}

function fits(summary: TraceSummary, query: TraceQuery): boolean {
  const { service, name, minDurationMs = 0, error, fromMs, toMs } = query;
  return (
    summary.startMs >= fromMs &&
    summary.startMs <= toMs &&
    (service === undefined || summary.services.includes(service)) &&
    (name === undefined || summary.rootName === name) &&
    summary.durationMs >= minDurationMs &&
    (error === undefined || summary.errors > 0 === error)
  );
}

/** What a trace's spans are asked, block by block as far as they may have the words. */
function spanSearch({
  attributes,
  filter,
  words = [],
}: TraceQuery): (places: readonly Place[], summary: TraceSummary) => boolean {
  if (!attributes && !filter) return () => true;
  const blocks = new BlockSpans();
  const mayHold = blockFilter([...Object.values(attributes ?? {}), ...words].flatMap(wordsOf));
  const takes = filter && compileFilter(filter);
  const names = Object.keys(attributes ?? {});
  const hasAttributes = (span: SpanRecord): boolean =>
    names.every(
      (name) => Object.hasOwn(span.attributes, name) && span.attributes[name] === attributes![name],
    );
  return (places, summary) => {
    const isPossible = places.some(
      ([day, { sealed, waiting }]) =>
        waiting.length > 0 || sealed.some((part) => mayHold(day, part.block_id)),
    );
    if (!isPossible) return false;
    const spans = places.flatMap(([day, parts]) => blocks.spansOf(day, parts));
    return spans.some(hasAttributes) && (!takes || takes(spans, summary));
  };
}

/** Whether a block may hold the words; the answer is remembered, because a block is asked once for each of its traces. */
function blockFilter(hashes: readonly number[]): (day: DayReader, blockId: number) => boolean {
  const known = new Map<string, boolean>();
  return (day, blockId) => {
    const key = `${day.day} ${blockId}`;
    let answer = known.get(key);
    if (answer === undefined) {
      const row = day.db.prepare('SELECT words FROM span_block WHERE id = ?').get(blockId);
      answer = row !== undefined && mayHave(row.words as Uint8Array, hashes);
      known.set(key, answer);
    }
    return answer;
  };
}
