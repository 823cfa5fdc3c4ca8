/** The writing side of a day's traces. Spans are written down as JSON once; a batch becomes a row of the journal and waits in memory
 * by trace. When enough wait, or long enough, all of them are sealed: blocks of about 200 traces, each trace in one piece of its
 * block, and one summary row per trace. Spans that come later make another part of their trace; readers put the parts together.
 *
 * Why not trace by trace: a call of zstd costs some 50 microseconds, and one trace alone has little that repeats. */
import { pack, unpack } from '../bytes.ts';
import type { DayDatabase } from '../day-database.ts';
import { WordFilter } from '../logs/words.ts';
import { decodeSpanRow, encodeSpanRow, type SpanEntry, spanEntry } from './span-row.ts';
import { joinSummaries, type TraceSummary } from './trace-summary.ts';

const WAITING_SPANS = 8_192;
const WAITING_AGE_MS = 10 * 60_000;
const BLOCK_TRACES = 200;
/** Long traces make smaller blocks, so that reading one trace stays cheap. */
const BLOCK_CHARACTERS = 2 * 1_048_576;
const LEVEL = 3;
const JOURNAL_LEVEL = 1;

interface WaitingTrace {
  readonly traceId: string;
  readonly entries: SpanEntry[];
}

export class DaySpans {
  readonly #db: DayDatabase;
  #waiting = new Map<string, WaitingTrace>();
  #waitingSpans = 0;
  #waitingSinceMs = 0;

  constructor(db: DayDatabase, nowMs: number) {
    this.#db = db;
    for (const { data } of db.prepare('SELECT data FROM span_journal ORDER BY seq').iterate())
      for (const span of decodeSpanRow(unpack(data as Uint8Array))) this.#wait(spanEntry(span), nowMs);
  }

  get waiting(): number {
    return this.#waitingSpans;
  }

  /** Within a transaction. */
  add(entries: readonly SpanEntry[], nowMs: number): void {
    for (const entry of entries) this.#wait(entry, nowMs);
    if (this.#waitingSpans >= WAITING_SPANS) this.#seal();
    else
      this.#db
        .prepare('INSERT INTO span_journal (data) VALUES (?)')
        .run(pack(encodeSpanRow(entries), JOURNAL_LEVEL));
  }

  isDue(nowMs: number): boolean {
    return this.#waitingSpans > 0 && nowMs - this.#waitingSinceMs >= WAITING_AGE_MS;
  }

  sealNow(): void {
    this.#db.transaction(() => this.#seal());
  }

  #wait(entry: SpanEntry, nowMs: number): void {
    if (this.#waitingSpans++ === 0) this.#waitingSinceMs = nowMs;
    const { traceId } = entry.summary;
    const trace = this.#waiting.get(traceId);
    if (trace) trace.entries.push(entry);
    else this.#waiting.set(traceId, { traceId, entries: [entry] });
  }

  #seal(): void {
    let block: WaitingTrace[] = [];
    let characters = 0;
    for (const trace of this.#waiting.values()) {
      block.push(trace);
      for (const { text } of trace.entries) characters += text.length;
      if (block.length < BLOCK_TRACES && characters < BLOCK_CHARACTERS) continue;
      this.#insertBlock(block);
      block = [];
      characters = 0;
    }
    if (block.length > 0) this.#insertBlock(block);
    this.#db.prepare('DELETE FROM span_journal').run();
    this.#waiting = new Map();
    this.#waitingSpans = 0;
  }

  #insertBlock(traces: readonly WaitingTrace[]): void {
    const words = new WordFilter();
    const texts = traces.map(({ traceId, entries }) => {
      words.addText(traceId);
      for (const { words: spanWords } of entries) words.addText(spanWords);
      return Buffer.from(`[${entries.map(({ text }) => text).join(',')}]`);
    });
    const { lastInsertRowid: blockId } = this.#db
      .prepare('INSERT INTO span_block (words, data) VALUES (?, ?)')
      .run(words.done(), pack(Buffer.concat(texts), LEVEL));
    let at = 0;
    traces.forEach(({ entries }, index) => {
      const { length } = texts[index]!;
      this.#insertPart(joinSummaries(entries.map(({ summary }) => summary)), blockId, at, length);
      at += length;
    });
  }

  #insertPart(summary: TraceSummary, blockId: number | bigint, at: number, length: number): void {
    const { traceId, startMs, durationMs, rootName, rootService, services, errors, spans } = summary;
    this.#db
      .prepare(
        `INSERT INTO trace_part (trace_id, block_id, at, length, start_ms, end_ms, root_name, root_service, services, errors, spans)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        Buffer.from(traceId, 'hex'),
        blockId,
        at,
        length,
        startMs,
        startMs + durationMs,
        rootName ?? null,
        rootService ?? null,
        JSON.stringify(services),
        errors,
        spans,
      );
  }
}
