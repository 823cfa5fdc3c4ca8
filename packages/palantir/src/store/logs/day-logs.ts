/** The writing side of a day's logs. A batch becomes a row of the journal; the batch that fills a block goes into it at once,
 * together with what waited, in the transaction that acknowledges it. A block has about 2,000 lines in order of time, a filter
 * over their words, and adds to the counters per minute, service and severity. */
import type { LineOrigin, LogLine } from '../../model.ts';
import { pack, unpack } from '../bytes.ts';
import type { DayDatabase } from '../day-database.ts';
import { decodeLogs, encodeLogs } from './log-codec.ts';
import { LogCounts } from './log-counts.ts';
import { unseen } from './log-origins.ts';
import { WordFilter } from './words.ts';

const BLOCK_LINES = 2_000;
const WAITING_AGE_MS = 30 * 60_000;
const LEVEL = 3;
/** Of rows of the journal that are large. */
const JOURNAL_LEVEL = 1;

export class DayLogs {
  readonly #db: DayDatabase;
  #waiting: LogLine[] = [];
  #waitingSinceMs = 0;

  constructor(db: DayDatabase, nowMs: number) {
    this.#db = db;
    for (const { data } of db.prepare('SELECT data FROM log_journal ORDER BY seq').iterate())
      this.#waiting.push(...decodeLogs(unpack(data as Uint8Array)));
    this.#waitingSinceMs = nowMs;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Within a transaction. @param origins one for each line, or none @returns how many of them were not there */
  add(given: readonly LogLine[], origins: readonly LineOrigin[], nowMs: number): number {
    const lines = origins.length > 0 ? unseen(this.#db, given, origins) : given;
    if (lines.length > 0) this.#add(lines, nowMs);
    return lines.length;
  }

  isDue(nowMs: number): boolean {
    return this.#waiting.length > 0 && nowMs - this.#waitingSinceMs >= WAITING_AGE_MS;
  }

  sealNow(): void {
    this.#db.transaction(() => this.#seal());
  }

  #add(lines: readonly LogLine[], nowMs: number): void {
    if (this.#waiting.length === 0) this.#waitingSinceMs = nowMs;
    for (const line of lines) this.#waiting.push(line);
    if (this.#waiting.length >= BLOCK_LINES) this.#seal();
    else
      this.#db
        .prepare('INSERT INTO log_journal (data) VALUES (?)')
        .run(pack(encodeLogs(lines), JOURNAL_LEVEL));
  }

  #seal(): void {
    const lines = this.#waiting.sort((one, other) => one.atMs - other.atMs);
    const blocks = Math.max(1, Math.round(lines.length / BLOCK_LINES));
    const counts = new LogCounts();
    for (let block = 0; block < blocks; block++) {
      const from = Math.floor((lines.length * block) / blocks);
      this.#insertBlock(lines.slice(from, Math.floor((lines.length * (block + 1)) / blocks)));
    }
    for (const line of lines) counts.add(line);
    const upsert = this.#db.prepare(
      `INSERT INTO log_count (minute, service, severity, count) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET count = count + excluded.count`,
    );
    for (const { minuteMs, service, severity, count } of counts.list())
      upsert.run(minuteMs, service, severity, count);
    this.#db.prepare('DELETE FROM log_journal').run();
    this.#waiting = [];
  }

  #insertBlock(lines: readonly LogLine[]): void {
    const words = new WordFilter();
    for (const { body, attributes, service, traceId, spanId } of lines) {
      words.addText(body);
      words.addText(service);
      if (traceId) words.addText(traceId);
      if (spanId) words.addText(spanId);
      for (const name in attributes) words.addText(attributes[name]!);
    }
    this.#db
      .prepare('INSERT INTO log_block (from_ms, to_ms, words, data) VALUES (?, ?, ?, ?)')
      .run(
        Math.floor(lines[0]!.atMs),
        Math.ceil(lines.at(-1)!.atMs),
        words.done(),
        pack(encodeLogs(lines), LEVEL),
      );
  }
}
