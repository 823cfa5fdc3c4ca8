/** Reads the exemplars of a day's series. */
import type { Labels } from '../../model.ts';
import type { DayReader } from '../day-reader.ts';
import type { CompiledMatcher } from '../matching.ts';

export interface ExemplarPoint {
  readonly atMs: number;
  readonly value: number;
  readonly labels: Labels;
}

export interface SeriesExemplars {
  readonly series: Labels;
  /** In order of time. */
  readonly exemplars: readonly ExemplarPoint[];
}

interface Row {
  readonly at_ms: number;
  readonly value: number;
  readonly labels: string;
}

export function selectExemplars(
  day: DayReader,
  matchers: readonly CompiledMatcher[],
  fromMs: number,
  toMs: number,
): SeriesExemplars[] {
  return day.db.transaction(() => {
    day.series.refresh();
    const have = day.db.prepare('SELECT DISTINCT series_id FROM exemplar').all();
    const known = new Set(have.map(({ series_id }) => series_id as number));
    const rows = day.db.prepare(
      'SELECT at_ms, value, labels FROM exemplar WHERE series_id = ? AND at_ms BETWEEN ? AND ? ORDER BY at_ms',
    );
    const found: SeriesExemplars[] = [];
    for (const id of day.series.find(matchers)) {
      if (!known.has(id)) continue;
      const exemplars = (rows.all(id, fromMs - day.startMs, toMs - day.startMs) as unknown as Row[]).map(
        ({ at_ms, value, labels }) => ({
          atMs: at_ms + day.startMs,
          value,
          labels: JSON.parse(labels) as Labels,
        }),
      );
      if (exemplars.length > 0) found.push({ series: day.series.labelsOf(id), exemplars });
    }
    return found;
  });
}
