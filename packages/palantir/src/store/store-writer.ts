/** The writing half of the store, as it runs in its thread: splits batches by day, judges what is in them, and keeps house.
 *
 * Retention: a day goes when all of it is older than `retention.days`, or when all days together are larger than
 * `retention.bytes`, oldest first. Where today alone is larger than that, batches are refused until tomorrow, because the disk
 * of the machine is worth more than what we would write. A damaged file is moved aside as `<day>.db.damaged` and its day begun
 * anew. */
import { GoblinError, isGoblinError } from '@goblin/core';
import type { LogLine, Rejection } from '../model.ts';
import { MAX_AHEAD_MS } from '../sample-rules.ts';
import { DayDatabase, storeError } from './day-database.ts';
import { DayWriter } from './day-writer.ts';
import { dayBytes, dayName, dayOf, dayPath, hasWal, listDays, moveAside, removeDay } from './days.ts';
import { DAY_MS } from './limits.ts';
import type { SeriesLimits } from './metrics/series-registry.ts';
import { timeWindow } from './record-guard.ts';
import { Rejections } from './rejections.ts';
import { splitByDay, type WriterBatch } from './split-by-day.ts';

/** Late samples open older days; the one used longest ago is closed for another. */
const MAX_OPEN_DAYS = 8;
/** A day that is over and not written to for so long is sealed for good. */
const IDLE_MS: number = 2 * MAX_AHEAD_MS;

export interface Retention {
  readonly days: number;
  readonly bytes: number;
}

export interface WriterOptions {
  readonly folder: string;
  readonly retention: Retention;
  readonly limits: SeriesLimits;
  /** Shared memory: from which severity on lines are listened for. */
  readonly heardFrom: Int32Array;
}

export interface Appended {
  /** Samples, lines and spans that were stored, without lines that were there. */
  readonly accepted: number;
  readonly rejected: readonly Rejection[];
}

/** What the writer's thread answers. */
export interface Committed extends Appended {
  /** The lines that somebody listens for. */
  readonly heard?: readonly LogLine[];
}

export interface WriterStats {
  readonly days: readonly { readonly day: string; readonly bytes: number }[];
  readonly bytes: number;
  /** Of today. */
  readonly series: number;
  /** What waits in the journals of the open days. */
  readonly waiting: { readonly samples: number; readonly logs: number; readonly spans: number };
  /** Since the store was opened. */
  readonly accepted: number;
  readonly rejected: readonly Rejection[];
  readonly damagedDays: readonly string[];
}

export class StoreWriter {
  readonly #options: WriterOptions;
  readonly #open = new Map<number, DayWriter>();
  readonly #rejected = new Rejections();
  readonly #damagedDays: string[] = [];
  /** Days that are over and were looked at, whether a process that died has left something to do in them. */
  readonly #finished = new Set<number>();
  #accepted = 0;
  #floorMs = Number.NEGATIVE_INFINITY;
  #isFull = false;
  #nowMs: number;

  constructor(options: WriterOptions, nowMs: number) {
    this.#options = options;
    this.#nowMs = nowMs;
  }

  /** Answers after the commit. Days are committed one by one: where a later one fails, the batch may be sent again, and only log
   * lines without an origin are then there twice. Lines that were there are heard again: who listens may have missed them. @throws STORE_UNAVAILABLE, DATA_DAMAGED, RESOURCE_EXHAUSTED */
  append(batch: WriterBatch, nowMs: number): Committed {
    this.#nowMs = nowMs;
    if (this.#isFull) throw this.#full();
    const rejections = new Rejections();
    for (const { count, reason } of batch.rejected) rejections.add(reason, count);
    const window = timeWindow(nowMs, this.#options.retention.days, this.#floorMs);
    const heardFrom = Atomics.load(this.#options.heardFrom, 0);
    const heard: LogLine[] = [];
    let accepted = 0;
    for (const [day, { sampleIndexes, ...rest }] of splitByDay(batch, window, rejections)) {
      const dayBatch = {
        packed: batch.packed,
        sampleIndexes: Uint32Array.from(sampleIndexes),
        ...rest,
      };
      accepted += this.#within(day, (writer) => writer.add(dayBatch, rejections, nowMs));
      for (const line of rest.logs) if (line.severity >= heardFrom) heard.push(line);
    }
    const rejected = rejections.list();
    this.#accepted += accepted;
    for (const { count, reason } of rejected) this.#rejected.add(reason, count);
    return { accepted, rejected, ...(heard.length > 0 && { heard }) };
  }

  /** Now and then: takes away what is too old or too much. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#removeOld();
    this.#removeTooLarge();
    this.#finishOne();
  }

  /** Seals a little. Answers whether there is more to do. */
  maintain(): boolean {
    for (const writer of this.#open.values()) {
      const isOver = writer.day < dayOf(this.#nowMs) && this.#nowMs - writer.lastUsedMs >= IDLE_MS;
      if (this.#within(writer.day, () => writer.sealSome(isOver ? Number.POSITIVE_INFINITY : this.#nowMs)))
        return true;
      if (isOver) this.#close(writer, true);
    }
    return false;
  }

  /** Seals everything at once. */
  sealAll(): void {
    for (const { day } of [...this.#open.values()]) this.#within(day, (writer) => writer.sealAll());
  }

  stats(): WriterStats {
    const { folder } = this.#options;
    const days = listDays(folder).map((day) => ({ day: dayName(day), bytes: dayBytes(folder, day) }));
    const waiting = { samples: 0, logs: 0, spans: 0 };
    for (const writer of this.#open.values())
      for (const kind of ['samples', 'logs', 'spans'] as const) waiting[kind] += writer.waiting[kind];
    return {
      days,
      bytes: days.reduce((sum, { bytes }) => sum + bytes, 0),
      series: this.#open.get(dayOf(this.#nowMs))?.series ?? 0,
      waiting,
      accepted: this.#accepted,
      rejected: this.#rejected.list(),
      damagedDays: this.#damagedDays,
    };
  }

  close(): void {
    for (const writer of [...this.#open.values()]) this.#close(writer, false);
  }

  #within<T>(day: number, work: (writer: DayWriter) => T): T {
    return this.#guarded(day, () => work(this.#writer(day)));
  }

  #guarded<T>(day: number, work: () => T): T {
    try {
      return work();
    } catch (error) {
      const known = storeError(error, dayPath(this.#options.folder, day));
      this.#drop(day);
      if (isGoblinError(known, 'DATA_DAMAGED')) {
        moveAside(this.#options.folder, day);
        this.#damagedDays.push(dayName(day));
      }
      throw known;
    }
  }

  #writer(day: number): DayWriter {
    let writer = this.#open.get(day);
    if (writer) return writer;
    if (this.#open.size >= MAX_OPEN_DAYS) {
      const [oldest] = [...this.#open.values()].sort((one, other) => one.lastUsedMs - other.lastUsedMs);
      this.#close(oldest!, true);
    }
    writer = new DayWriter(dayPath(this.#options.folder, day), day, this.#options.limits, this.#nowMs);
    this.#open.set(day, writer);
    return writer;
  }

  #close(writer: DayWriter, seals: boolean): void {
    if (seals) this.#within(writer.day, () => writer.sealAll());
    this.#drop(writer.day);
  }

  #drop(day: number): void {
    this.#finished.delete(day);
    this.#open.get(day)?.close();
    this.#open.delete(day);
  }

  /** The newest day that nobody has looked at yet: one at a time, for it holds up what comes in. */
  #finishOne(): void {
    const isLeft = (day: number): boolean =>
      day < dayOf(this.#nowMs) && !this.#open.has(day) && !this.#finished.has(day);
    const day = listDays(this.#options.folder).findLast(isLeft);
    if (day === undefined) return;
    try {
      if (this.#isUnfinished(day)) this.#close(this.#writer(day), true);
    } finally {
      // Also where it failed: the others are not held up for it.
      this.#finished.add(day);
    }
  }

  #isUnfinished(day: number): boolean {
    const { folder } = this.#options;
    return this.#guarded(day, () => {
      if (hasWal(folder, day)) return true;
      const db = DayDatabase.openToRead(dayPath(folder, day));
      try {
        return db?.isUnfinished() ?? false;
      } finally {
        db?.close();
      }
    });
  }

  #removeOld(): void {
    const { folder, retention } = this.#options;
    for (const day of listDays(folder))
      if ((day + 1) * DAY_MS <= this.#nowMs - retention.days * DAY_MS) this.#remove(day);
  }

  #removeTooLarge(): void {
    const { folder, retention } = this.#options;
    const days = listDays(folder).map((day) => ({ day, bytes: dayBytes(folder, day) }));
    let total = days.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { day, bytes } of days) {
      if (total <= retention.bytes || day >= dayOf(this.#nowMs)) break;
      this.#remove(day);
      this.#floorMs = Math.max(this.#floorMs, (day + 1) * DAY_MS);
      total -= bytes;
    }
    this.#isFull = total > retention.bytes;
  }

  #remove(day: number): void {
    this.#drop(day);
    removeDay(this.#options.folder, day);
  }

  #full(): GoblinError {
    const message = `today's telemetry alone takes more than retention.bytes (${this.#options.retention.bytes}): raise it, or send less`;
    return new GoblinError('RESOURCE_EXHAUSTED', { message });
  }
}
