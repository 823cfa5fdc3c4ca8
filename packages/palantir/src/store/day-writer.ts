/** All that writes to one day's file. Whatever fails in it leaves its memory in doubt, not its file: the owner then drops the
 * writer and opens the day anew, which reads back what is committed. */
import type { Exemplar, LineOrigin, LogLine } from '../model.ts';
import { DayDatabase } from './day-database.ts';
import { DAY_MS } from './limits.ts';
import { DayLogs } from './logs/day-logs.ts';
import { DayExemplars } from './metrics/day-exemplars.ts';
import { DaySamples } from './metrics/day-samples.ts';
import type { PackedSamples } from './metrics/packed-samples.ts';
import type { SeriesLimits } from './metrics/series-registry.ts';
import type { Rejections } from './rejections.ts';
import { DaySpans } from './traces/day-spans.ts';
import type { SpanEntry } from './traces/span-row.ts';

/** Of one transaction that seals, so that ingest waits no longer. */
const SLICE_MS = 8;

/** What of a batch belongs to one day. */
export interface DayBatch {
  readonly packed: PackedSamples;
  /** Which of the samples. */
  readonly sampleIndexes: Uint32Array;
  readonly exemplars: readonly Exemplar[];
  readonly logs: readonly LogLine[];
  /** One for each of the lines, or none. */
  readonly origins: readonly LineOrigin[];
  readonly spans: readonly SpanEntry[];
}

export class DayWriter {
  readonly day: number;
  readonly #db: DayDatabase;
  readonly #samples: DaySamples;
  readonly #exemplars: DayExemplars;
  readonly #logs: DayLogs;
  readonly #spans: DaySpans;
  lastUsedMs: number;

  /** @throws DATA_DAMAGED, STORE_UNAVAILABLE */
  constructor(path: string, day: number, limits: SeriesLimits, nowMs: number) {
    this.day = day;
    this.lastUsedMs = nowMs;
    this.#db = DayDatabase.openToWrite(path);
    try {
      this.#samples = new DaySamples(this.#db, limits, nowMs);
      this.#exemplars = new DayExemplars(this.#db);
      this.#logs = new DayLogs(this.#db, nowMs);
      this.#spans = new DaySpans(this.#db, nowMs);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  get series(): number {
    return this.#samples.series;
  }

  get waiting(): { samples: number; logs: number; spans: number } {
    return { samples: this.#samples.waiting, logs: this.#logs.waiting, spans: this.#spans.waiting };
  }

  /** Answers how many were taken, once they are committed. */
  add(
    { packed, sampleIndexes, exemplars, logs, origins, spans }: DayBatch,
    rejections: Rejections,
    nowMs: number,
  ): number {
    this.lastUsedMs = nowMs;
    while (this.#samples.isBehind) this.#samples.sealSome(SLICE_MS);
    return this.#db.transaction(() => {
      const samples =
        sampleIndexes.length > 0
          ? this.#samples.add(packed, sampleIndexes, this.day * DAY_MS, rejections, nowMs)
          : 0;
      if (exemplars.length > 0)
        this.#exemplars.add(exemplars, (series) => this.#samples.idOf(series), this.day * DAY_MS, rejections);
      const lines = logs.length > 0 ? this.#logs.add(logs, origins, nowMs) : 0;
      if (spans.length > 0) this.#spans.add(spans, nowMs);
      return samples + lines + spans.length;
    });
  }

  /** Seals a little. Answers whether there is more to do. */
  sealSome(nowMs: number): boolean {
    if (this.#logs.isDue(nowMs)) this.#logs.sealNow();
    else if (this.#spans.isDue(nowMs)) this.#spans.sealNow();
    else if (this.#samples.isDue(nowMs)) this.#samples.sealSome(SLICE_MS);
    else return false;
    return true;
  }

  /** Seals everything, and gives the space back that the journals took. */
  sealAll(): void {
    while (this.sealSome(Number.POSITIVE_INFINITY));
    this.#db.shrink();
  }

  close(): void {
    this.#db.close();
  }
}
