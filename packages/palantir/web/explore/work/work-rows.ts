/** Puts the answers of several queries into rows by their labels. */
import type { Labels } from '../../../src/model.ts';

export interface WorkRow {
  readonly labels: readonly string[];
  /** One for each column; undefined where it has none. */
  readonly values: readonly (number | undefined)[];
}

export function rowsOf(
  by: readonly string[],
  columns: readonly (readonly { readonly labels: Labels; readonly value: number }[])[],
): WorkRow[] {
  const rows = new Map<string, { labels: string[]; values: (number | undefined)[] }>();
  columns.forEach((series, column) => {
    for (const { labels, value } of series) {
      const own = by.map((name) => labels[name] ?? '');
      const key = JSON.stringify(own);
      let row = rows.get(key);
      if (!row) {
        row = { labels: own, values: new Array<number | undefined>(columns.length).fill(undefined) };
        rows.set(key, row);
      }
      if (Number.isFinite(value)) row.values[column] = value;
    }
  });
  return [...rows.values()].sort((one, other) => (one.labels.join() < other.labels.join() ? -1 : 1));
}
