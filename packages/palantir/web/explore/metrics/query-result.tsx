/** What one query answers: a chart with changes and exemplars, the series in numbers, and the exemplars as links. */
import { useMemo } from 'preact/hooks';
import { several } from '../../shared/format.ts';
import { Chart, type Line } from '../parts/chart.tsx';
import type { Mark } from '../parts/chart-layers.ts';
import { seriesColour } from '../parts/colours.ts';
import { commonLabels, type Grid, nameOf, queryExemplars, type Series } from '../parts/prometheus.ts';
import { Empty } from '../parts/states.tsx';
import type { TimeRange } from '../parts/time-range.ts';
import { unitOf } from '../parts/units.ts';
import { useAsked } from '../parts/use-answer.ts';
import { exemplarPoints } from './exemplar-points.ts';
import { Exemplars } from './exemplars.tsx';
import { SeriesTable, type ShownSeries } from './series-table.tsx';

/** A chart with more lines tells nothing. */
const MAX_LINES = 40;

interface Props {
  /** Undefined where there is only one. */
  readonly letter: string | undefined;
  readonly query: string;
  readonly range: TimeRange;
  readonly grid: Grid;
  readonly series: readonly Series[];
  readonly marks: readonly Mark[];
  readonly onZoom: (range: TimeRange) => void;
}

export function QueryResult({ letter, query, range, grid, series, marks, onZoom }: Props) {
  const unit = unitOf(query);
  const shown = useMemo(() => shownOf(series), [series]);
  const lines = useMemo((): Line[] => shown.slice(0, MAX_LINES), [shown]);
  const { data: exemplars = [] } = useAsked(`${grid.times.at(-1)} ${query}`, (signal) =>
    queryExemplars(query, range, signal),
  );
  const points = useMemo(() => exemplarPoints(exemplars, grid.stepMs), [exemplars, grid.stepMs]);
  if (series.length === 0)
    return (
      <Empty title={`${letter ? `${letter}: ` : ''}no series match in this range`}>
        <p>A longer range may have some. Names complete while they are written.</p>
      </Empty>
    );
  const changes = marks.length > 0 ? `▼ ${several(marks.length, 'change')}` : '';
  return (
    <section class="query-result">
      <Chart
        title={[letter, changes].filter(Boolean).join(' · ')}
        unit={unit}
        range={range}
        times={grid.times}
        lines={lines}
        marks={marks}
        points={points}
        onZoom={onZoom}
        height={letter === undefined ? 320 : 220}
        isPlain
      />
      {shown.length > MAX_LINES && (
        <p class="quiet">
          {MAX_LINES} of {shown.length} series are drawn, those that are highest now; the table has all.
        </p>
      )}
      <SeriesTable name={`sort${letter ?? ''}`} series={shown} unit={unit} drawn={MAX_LINES} />
      <Exemplars exemplars={exemplars} unit={unit} />
    </section>
  );
}

/** Those that are highest now first. */
function shownOf(series: readonly Series[]): ShownSeries[] {
  const common = commonLabels(series);
  return series
    .map(({ labels, values }) => ({ name: nameOf(labels, common), labels, values }))
    .sort((one, other) => lastOf(other) - lastOf(one))
    .map((one, index) => ({ ...one, colour: seriesColour(index) }));
}

function lastOf({ values }: Series): number {
  return values.findLast((value) => value !== null) ?? Number.NEGATIVE_INFINITY;
}
