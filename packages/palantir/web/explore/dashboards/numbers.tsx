/** Series as their newest values, large, each with how it came there. */
import type { ShownSeries } from '../metrics/series-table.tsx';
import { lastOf } from '../parts/chart-values.ts';
import { type Unit, written } from '../parts/units.ts';
import { Sparkline } from '../services/sparkline.tsx';

const MAX_NUMBERS = 12;
/** Of the small line: more would not be seen. */
const POINTS = 60;

export function Numbers({ series, unit }: { series: readonly ShownSeries[]; unit: Unit }) {
  return (
    <ul class="numbers">
      {series.slice(0, MAX_NUMBERS).map(({ name, values }, index) => (
        <li key={`${name} ${index}`}>
          <b>{written(lastOf(values), unit)}</b>
          {series.length > 1 && <span>{name}</span>}
          <Sparkline values={thinned(values)} />
        </li>
      ))}
      {series.length > MAX_NUMBERS && <li class="quiet">and {series.length - MAX_NUMBERS} more</li>}
    </ul>
  );
}

function thinned(values: readonly (number | null)[]): number[] {
  const each = Math.max(1, Math.floor(values.length / POINTS));
  return values.filter((_, index) => index % each === 0).map((value) => Math.max(0, value ?? 0));
}
