/** Finds log lines. Per day: the lines that wait in the journal, then block after block in order of time, of which those that lack a
 * word are not even unpacked. A line is handed out as soon as no later block can hold one that comes before it. */
import type { LogLine, Matcher } from '../../model.ts';
import type { Stage } from '../../query/logs/ast.ts';
import { lineLabel, lineText } from '../../query/logs/line-labels.ts';
import { compilePipeline } from '../../query/logs/pipeline.ts';
import { unpack } from '../bytes.ts';
import type { DayReader } from '../day-reader.ts';
import { compileMatchers } from '../matching.ts';
import type { SearchBudget, SearchLimits } from '../search-budget.ts';
import { decodeLogs } from './log-codec.ts';
import { hasWords, innerWordsOf, mayHave, wordsOf } from './words.ts';

export interface LogQuery extends SearchLimits {
  /** By what query/logs/line-labels.ts names: `service`, `level`, `trace_id` …, and by attribute. */
  readonly matchers?: readonly Matcher[];
  /** Each has to be in the body, an attribute, the service or the ids, as a whole word, in whatever case. */
  readonly words?: readonly string[];
  /** Each has to be somewhere in the body, exactly so. */
  readonly contains?: readonly string[];
  /** At least this, by OpenTelemetry's numbers. */
  readonly severity?: number;
  readonly traceId?: string;
  /** What a line that fits all of these goes through then; it comes out as they make it, or not at all. */
  readonly stages?: readonly Stage[];
  readonly fromMs: number;
  readonly toMs: number;
  /** How many lines at most. Default 1,000, largest 10,000. */
  readonly limit?: number;
  /** Default true. */
  readonly newestFirst?: boolean;
}

/** Lines that are not looked for in the store. */
export interface LogFilter {
  readonly lines: readonly LogLine[];
  readonly queries: readonly Omit<LogQuery, 'fromMs' | 'toMs'>[];
}

export interface CompiledLogQuery {
  readonly fromMs: number;
  readonly toMs: number;
  readonly newestFirst: boolean;
  /** What a block must have. */
  readonly hashes: readonly number[];
  /** The line as it is found, or undefined. */
  find(line: LogLine): LogLine | undefined;
}

/** Labels of which the values are no words of a block. */
const NO_WORDS: ReadonlySet<string> = new Set(['severity', 'level']);

interface BlockRow {
  readonly id: number;
  readonly from_ms: number;
  readonly to_ms: number;
}

/** @throws INVALID_INPUT */
export function compileLogQuery(query: LogQuery): CompiledLogQuery {
  const { contains = [], severity = 0, fromMs, toMs, newestFirst = true } = query;
  const matchers = compileMatchers(query.matchers ?? []);
  const traceId = query.traceId?.toLowerCase();
  const words = (query.words ?? []).flatMap(wordsOf);
  const known = matchers.flatMap(({ label, only }) => (only && !NO_WORDS.has(label) ? wordsOf(only) : []));
  const hashes = [
    ...words,
    ...known,
    ...contains.flatMap(innerWordsOf),
    ...(traceId ? wordsOf(traceId) : []),
  ];
  const takes = (line: LogLine): boolean =>
    line.atMs >= fromMs &&
    line.atMs <= toMs &&
    line.severity >= severity &&
    (traceId === undefined || line.traceId === traceId) &&
    contains.every((part) => line.body.includes(part)) &&
    matchers.every((matcher) => matcher.takes(lineLabel(line, matcher.label))) &&
    (words.length === 0 || hasWords(lineText(line), words));
  const pipeline = compilePipeline(query.stages ?? []);
  const find = (line: LogLine): LogLine | undefined => (takes(line) ? pipeline(line) : undefined);
  return { fromMs, toMs, newestFirst, hashes, find };
}

/** Yields lines in order as they are found, and an empty list where there is nothing yet to hand out. Where the budget is spent it
 * ends with what it has. */
export function* searchLogDay(
  day: DayReader,
  query: CompiledLogQuery,
  budget: SearchBudget,
): Generator<LogLine[]> {
  const { newestFirst } = query;
  const { waiting, blocks } = contentOf(day, query);
  const sign = newestFirst ? -1 : 1;
  const inOrder = (one: LogLine, other: LogLine): number => (one.atMs - other.atMs) * sign;
  let found = findIn(waiting, query, budget).sort(inOrder);
  for (const block of blocks) {
    if (budget.spentBy) break;
    const bound = newestFirst ? block.to_ms : block.from_ms;
    const ready = found.findIndex(({ atMs }) => (atMs - bound) * sign >= 0);
    yield found.splice(0, ready < 0 ? found.length : ready);
    const lines = findIn(linesOf(day, block.id, query, budget), query, budget);
    if (lines.length > 0) found = [...found, ...lines].sort(inOrder);
  }
  yield found;
}

/** The same lines in no order, for who counts them. */
export function* scanLogDay(
  day: DayReader,
  query: CompiledLogQuery,
  budget: SearchBudget,
): Generator<LogLine[]> {
  const { waiting, blocks } = contentOf(day, query);
  yield findIn(waiting, query, budget);
  for (const { id } of blocks) {
    if (budget.spentBy) return;
    yield findIn(linesOf(day, id, query, budget), query, budget);
  }
}

/** What the day has at one moment. Blocks are never changed, so they may be read after the moment in which they were listed. */
function contentOf(
  day: DayReader,
  { fromMs, toMs, newestFirst }: CompiledLogQuery,
): { waiting: LogLine[]; blocks: BlockRow[] } {
  const order = newestFirst ? 'to_ms DESC' : 'from_ms';
  return day.db.transaction(() => ({
    waiting: day.logs.read().flat(),
    blocks: day.db
      .prepare(`SELECT id, from_ms, to_ms FROM log_block WHERE to_ms >= ? AND from_ms <= ? ORDER BY ${order}`)
      .all(fromMs, toMs) as unknown as BlockRow[],
  }));
}

function findIn(lines: readonly LogLine[], { find }: CompiledLogQuery, budget: SearchBudget): LogLine[] {
  budget.looked += lines.length;
  const found: LogLine[] = [];
  for (const line of lines) {
    const one = find(line);
    if (one) found.push(one);
  }
  return found;
}

/** None where the block lacks a word. */
function linesOf(
  day: DayReader,
  blockId: number,
  { hashes }: CompiledLogQuery,
  budget: SearchBudget,
): LogLine[] {
  if (hashes.length > 0) {
    const row = day.db.prepare('SELECT words FROM log_block WHERE id = ?').get(blockId);
    if (!row || !mayHave(row.words as Uint8Array, hashes)) {
      budget.skippedBlocks++;
      return [];
    }
  }
  budget.blocks++;
  const row = day.db.prepare('SELECT data FROM log_block WHERE id = ?').get(blockId);
  return row ? decodeLogs(unpack(row.data as Uint8Array)) : [];
}
