/** Finds log lines. Per day: the lines that wait in the journal, then block after block in order of time, of which those that lack a
 * word are not even unpacked. A line is handed out as soon as no later block can hold one that comes before it. */
import type { LogLine, Matcher } from '../../model.ts';
import { unpack } from '../bytes.ts';
import type { DayReader } from '../day-reader.ts';
import { type CompiledMatcher, compileMatchers } from '../matching.ts';
import { decodeLogs } from './log-codec.ts';
import { hasWords, innerWordsOf, mayHave, wordsOf } from './words.ts';

export interface LogQuery {
  /** By `service`, `severity` (a number), `trace_id`, `span_id`, and by attribute. */
  readonly matchers?: readonly Matcher[];
  /** Each has to be in the body, an attribute, the service or the ids, as a whole word, in whatever case. */
  readonly words?: readonly string[];
  /** Each has to be somewhere in the body, exactly so. */
  readonly contains?: readonly string[];
  /** At least this, by OpenTelemetry's numbers. */
  readonly severity?: number;
  readonly traceId?: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** How many lines at most. Default 1,000, largest 10,000. */
  readonly limit?: number;
  /** Default true. */
  readonly newestFirst?: boolean;
}

export interface CompiledLogQuery {
  readonly fromMs: number;
  readonly toMs: number;
  readonly newestFirst: boolean;
  /** What a block must have. */
  readonly hashes: readonly number[];
  takes(line: LogLine): boolean;
}

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
  const known = matchers.flatMap(({ label, only }) => (only && label !== 'severity' ? wordsOf(only) : []));
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
    matchers.every((matcher) => matcher.takes(labelOf(line, matcher))) &&
    (words.length === 0 || hasWords(textOf(line), words));
  return { fromMs, toMs, newestFirst, hashes, takes };
}

/** Yields lines in order as they are found, and an empty list where there is nothing yet to hand out. */
export function* searchLogDay(day: DayReader, query: CompiledLogQuery): Generator<LogLine[]> {
  const { newestFirst, hashes } = query;
  const { waiting, blocks } = day.db.transaction(() => ({
    waiting: day.logs.read(),
    blocks: blocksOf(day, query),
  }));
  const sign = newestFirst ? -1 : 1;
  const inOrder = (one: LogLine, other: LogLine): number => (one.atMs - other.atMs) * sign;
  let found = waiting.flat().filter(query.takes).sort(inOrder);
  for (const block of blocks) {
    const bound = newestFirst ? block.to_ms : block.from_ms;
    const ready = found.findIndex(({ atMs }) => (atMs - bound) * sign >= 0);
    yield found.splice(0, ready < 0 ? found.length : ready);
    const lines = linesOf(day, block.id, hashes)?.filter(query.takes);
    if (lines?.length) found = [...found, ...lines].sort(inOrder);
  }
  yield found;
}

/** Blocks are never changed, so they may be read after the moment in which they were listed. */
function blocksOf(day: DayReader, { fromMs, toMs, newestFirst }: CompiledLogQuery): BlockRow[] {
  const order = newestFirst ? 'to_ms DESC' : 'from_ms';
  return day.db
    .prepare(`SELECT id, from_ms, to_ms FROM log_block WHERE to_ms >= ? AND from_ms <= ? ORDER BY ${order}`)
    .all(fromMs, toMs) as unknown as BlockRow[];
}

function linesOf(day: DayReader, blockId: number, hashes: readonly number[]): LogLine[] | undefined {
  if (hashes.length > 0) {
    const row = day.db.prepare('SELECT words FROM log_block WHERE id = ?').get(blockId);
    if (!row || !mayHave(row.words as Uint8Array, hashes)) return undefined;
  }
  const row = day.db.prepare('SELECT data FROM log_block WHERE id = ?').get(blockId);
  return row && decodeLogs(unpack(row.data as Uint8Array));
}

function labelOf(line: LogLine, { label }: CompiledMatcher): string {
  if (Object.hasOwn(line.attributes, label)) return line.attributes[label]!;
  if (label === 'service') return line.service;
  if (label === 'severity') return String(line.severity);
  if (label === 'trace_id') return line.traceId ?? '';
  return label === 'span_id' ? (line.spanId ?? '') : '';
}

function textOf({ body, service, attributes, traceId = '', spanId = '' }: LogLine): string {
  let text = `${body}\n${service}\n${traceId}\n${spanId}`;
  for (const name in attributes) text += `\n${attributes[name]}`;
  return text;
}
