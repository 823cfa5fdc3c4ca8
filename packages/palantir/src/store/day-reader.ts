/** One day's file as a reader has it open, with what it keeps in memory of it. */
import { statSync } from 'node:fs';
import type { LogLine, SpanRecord } from '../model.ts';
import { unpack } from './bytes.ts';
import { DayDatabase } from './day-database.ts';
import { dayPath, listDays } from './days.ts';
import { JournalTail } from './journal-tail.ts';
import { DAY_MS } from './limits.ts';
import { decodeLogs } from './logs/log-codec.ts';
import { decodeSampleRow, type SampleRow } from './metrics/sample-row.ts';
import { SeriesIndex } from './metrics/series-index.ts';
import { BlockTimes } from './traces/block-times.ts';
import { decodeSpanRow } from './traces/span-row.ts';

/** The day used longest ago is closed for another. */
const MAX_OPEN_DAYS = 40;
/** Of all open days together: their labels lie in memory. */
const MAX_OPEN_SERIES = 500_000;

export interface DayReader {
  readonly day: number;
  readonly startMs: number;
  readonly db: DayDatabase;
  readonly series: SeriesIndex;
  readonly samples: JournalTail<SampleRow>;
  readonly logs: JournalTail<LogLine[]>;
  readonly spans: JournalTail<SpanRecord[]>;
  readonly blockTimes: BlockTimes;
}

export class DayReaders {
  readonly #folder: string;
  readonly #open = new Map<number, DayReader & { readonly inode: number }>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Those that hold times from `fromMs` to `toMs`, oldest first. */
  between(fromMs: number, toMs: number): number[] {
    return listDays(this.#folder).filter((day) => (day + 1) * DAY_MS > fromMs && day * DAY_MS <= toMs);
  }

  /** Undefined where its file is gone. @throws DATA_DAMAGED, STORE_UNAVAILABLE */
  open(day: number): DayReader | undefined {
    const path = dayPath(this.#folder, day);
    const inode = statSync(path, { throwIfNoEntry: false })?.ino;
    const known = this.#open.get(day);
    if (known) {
      this.#open.delete(day);
      if (known.inode === inode) {
        this.#open.set(day, known);
        return known;
      }
      known.db.close();
    }
    if (inode === undefined) return undefined;
    this.#makeRoom();
    const db = DayDatabase.openToRead(path);
    if (!db) return undefined;
    const reader = {
      day,
      inode,
      startMs: day * DAY_MS,
      db,
      series: new SeriesIndex(db),
      samples: new JournalTail(db, 'sample_journal', decodeSampleRow),
      logs: new JournalTail(db, 'log_journal', (_, data) => decodeLogs(unpack(data))),
      spans: new JournalTail(db, 'span_journal', (_, data) => decodeSpanRow(unpack(data))),
      blockTimes: new BlockTimes(db),
    };
    this.#open.set(day, reader);
    return reader;
  }

  close(): void {
    for (const { db } of this.#open.values()) db.close();
    this.#open.clear();
  }

  #makeRoom(): void {
    let open = 0;
    for (const { series } of this.#open.values()) open += series.maxId;
    for (const [day, { db, series }] of this.#open) {
      if (this.#open.size < MAX_OPEN_DAYS && open < MAX_OPEN_SERIES) return;
      open -= series.maxId;
      db.close();
      this.#open.delete(day);
    }
  }
}
