/** One kind of work: its table, and its chart over the range. */
import { useMemo } from 'preact/hooks';
import { Chart } from '../parts/chart.tsx';
import { commonLabels, nameOf } from '../parts/prometheus.ts';
import { type Column, Table } from '../parts/table.tsx';
import { written } from '../parts/units.ts';
import { useMarks } from '../parts/use-changes.ts';
import type { RangeState } from '../parts/use-range.ts';
import { useSeries } from '../parts/use-series.ts';
import type { WorkTable } from './work-queries.ts';
import type { WorkRow } from './work-rows.ts';

/** As people call what tells rows apart. */
const LABELS: Readonly<Record<string, string>> = {
  ...{ kind: 'Kind', type: 'Event', group: 'Listener', state: 'State', route: 'Route', schedule: 'Schedule' },
  ...{ bus: 'Bus', stream: 'Stream', db_namespace: 'Database' },
};

export function WorkSection({
  table,
  rows,
  state,
}: {
  table: WorkTable;
  rows: readonly WorkRow[];
  state: RangeState;
}) {
  const { title, about, by, columns, chart } = table;
  const shown: Column<WorkRow>[] = [
    {
      name: by.map((label) => LABELS[label] ?? label).join(' · '),
      cell: ({ labels }) => (
        <a href={`/explore/metrics?q=${encodeURIComponent(queryFor(table, labels))}`} data-item>
          {labels.join(' · ') || '(none)'}
        </a>
      ),
      order: ({ labels }) => labels.join(),
    },
    ...columns.map(
      ({ name, unit, badAbove, isExtra = false }, index): Column<WorkRow> => ({
        name,
        cell: ({ values }) => {
          const value = values[index];
          const isBad = badAbove !== undefined && value !== undefined && value > badAbove;
          return (
            <span class={isBad ? 'is-down' : ''}>
              {isBad ? `▲ ${written(value, unit)}` : written(value, unit)}
            </span>
          );
        },
        order: ({ values }) => values[index] ?? Number.NEGATIVE_INFINITY,
        isNumber: true,
        isExtra,
      }),
    ),
  ];
  return (
    <section class="card">
      <h2>
        {title} <small class="quiet">{about}</small>
      </h2>
      <Table
        caption={title}
        rows={rows}
        columns={shown}
        keyOf={({ labels }) => labels.join(' ')}
        sortName={title}
      />
      {chart && <WorkChart chart={chart} state={state} />}
    </section>
  );
}

function WorkChart({ chart, state }: { chart: NonNullable<WorkTable['chart']>; state: RangeState }) {
  const queries = useMemo(() => [chart.query], [chart]);
  const { data } = useSeries(queries, state.range);
  const marks = useMarks(state.range);
  const lines = useMemo(() => {
    const series = data?.results[0]?.series ?? [];
    const common = commonLabels(series);
    return series.map(({ labels, values }) => ({
      name: series.length === 1 ? 'all' : nameOf(labels, common),
      values,
    }));
  }, [data]);
  return (
    <Chart
      title={chart.title}
      unit={chart.unit}
      range={state.range}
      times={data?.grid.times ?? []}
      lines={lines}
      marks={marks}
      onZoom={state.pick}
      height={140}
    />
  );
}

/** The first column's query, of this row alone. */
function queryFor({ by, columns }: WorkTable, labels: readonly string[]): string {
  const [, metric = ''] =
    /\b([a-z_]+_[a-z_]+)\b(?!\s*\()/.exec(columns[0]!.query.replace(/by \([^)]*\)/, '')) ?? [];
  return `${metric}{${by.map((name, index) => `${name}=${JSON.stringify(labels[index])}`).join(',')}}`;
}
