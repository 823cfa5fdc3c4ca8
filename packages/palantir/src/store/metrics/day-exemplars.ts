/** The writing side of a day's exemplars: of each series the newest of each slot of time, written straight to their table in the
 * transaction of their batch. So they take as much as the series and the day allow, however many are sent. Series that have them
 * are limited: beyond that those of new series are refused, and known ones go on. */
import type { Exemplar } from '../../model.ts';
import type { DayDatabase } from '../day-database.ts';
import type { Rejections } from '../rejections.ts';

export const EXEMPLAR_SLOT_MS = 30_000;
export const MAX_EXEMPLAR_SERIES = 2_000;
const REFUSED = `more than ${MAX_EXEMPLAR_SERIES} series a day have exemplars`;

export class DayExemplars {
  readonly #db: DayDatabase;
  readonly #seriesIds: Set<number>;

  constructor(db: DayDatabase) {
    this.#db = db;
    const rows = db.prepare('SELECT DISTINCT series_id FROM exemplar').all();
    this.#seriesIds = new Set(rows.map(({ series_id }) => series_id as number));
  }

  /** Within a transaction. @param idOf the number of a series, or why it is not taken */
  add(
    exemplars: readonly Exemplar[],
    idOf: (series: Exemplar['series']) => number | string,
    dayStartMs: number,
    rejections: Rejections,
  ): void {
    const insert = this.#db.prepare(
      `INSERT INTO exemplar (series_id, slot, at_ms, value, labels) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET at_ms = excluded.at_ms, value = excluded.value, labels = excluded.labels
       WHERE excluded.at_ms >= at_ms`,
    );
    for (const { series, atMs, value, labels } of exemplars) {
      const id = idOf(series);
      // The sample beside it is refused for the same reason, and counted.
      if (typeof id === 'string') continue;
      if (!this.#seriesIds.has(id) && this.#seriesIds.size >= MAX_EXEMPLAR_SERIES) {
        rejections.add(REFUSED);
        continue;
      }
      this.#seriesIds.add(id);
      const at = Math.floor(atMs - dayStartMs);
      insert.run(id, Math.floor(at / EXEMPLAR_SLOT_MS), at, value, JSON.stringify(labels));
    }
  }
}
