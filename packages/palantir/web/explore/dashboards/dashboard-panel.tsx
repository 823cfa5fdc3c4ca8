/** A panel of a dashboard. It asks for itself when it comes into sight: a query that fails is told here, and harms no other. */
import { useMemo } from 'preact/hooks';
import type { Panel } from '../../../src/settings/dashboards.ts';
import { SeriesTable, type ShownSeries } from '../metrics/series-table.tsx';
import { Chart } from '../parts/chart.tsx';
import type { Mark } from '../parts/chart-layers.ts';
import { seriesColour } from '../parts/colours.ts';
import { commonLabels } from '../parts/prometheus.ts';
import { Failed } from '../parts/states.tsx';
import { rangeQuery, type TimeRange } from '../parts/time-range.ts';
import type { RangeState } from '../parts/use-range.ts';
import { useSeen } from '../parts/use-seen.ts';
import { type SeriesAnswer, useSeries } from '../parts/use-series.ts';
import { legendOf } from './legend.ts';
import { Numbers } from './numbers.tsx';

/** A chart with more lines tells nothing. */
const MAX_LINES = 40;
const NOTHING: readonly string[] = [];

interface Props {
  readonly panel: Panel;
  /** Of how its table is sorted, in the address. */
  readonly sortName: string;
  readonly state: RangeState;
  readonly marks: readonly Mark[];
}

export function DashboardPanel({ panel, sortName, state, marks }: Props) {
  const [host, isSeen] = useSeen<HTMLDivElement>();
  const queries = useMemo(() => panel.queries.map(({ expression }) => expression), [panel]);
  const { data, error, again } = useSeries(isSeen ? queries : NOTHING, state.range);
  const shown = useMemo(() => shownOf(panel, data), [panel, data]);
  const failure = error ?? data?.results.find((result) => result.error)?.error;
  const { title, kind, unit, description } = panel;
  const href = exploreHref(queries, state.range);
  // What failed is told in place of a chart that would be empty, beneath one that has lines.
  const isChart = (kind === 'lines' || kind === 'area') && (shown.length > 0 || !failure);
  return (
    <div ref={host} class={`dashboard-panel is-${kind}`}>
      {isChart ? (
        <Chart
          title={title}
          href={href}
          about={description}
          unit={unit}
          range={state.range}
          times={data?.grid.times ?? []}
          lines={shown.slice(0, MAX_LINES)}
          marks={marks}
          onZoom={state.pick}
          isStacked={kind === 'area'}
          height={200}
        />
      ) : (
        <section class="chart">
          <h3>
            <a href={href}>{title}</a>
            {description !== undefined && <small class="about">{description}</small>}
          </h3>
          {kind === 'number' && <Numbers series={shown} unit={unit} />}
          {kind === 'table' && <SeriesTable name={sortName} series={shown} unit={unit} drawn={0} />}
          {data && shown.length === 0 && !failure && <p class="quiet">none in this range</p>}
          {failure && <Failed error={failure} again={again} />}
        </section>
      )}
      {shown.length > MAX_LINES && isChart && (
        <p class="quiet">
          {MAX_LINES} of {shown.length} series are drawn.
        </p>
      )}
      {failure && isChart && <Failed error={failure} again={again} />}
    </div>
  );
}

function shownOf({ queries }: Panel, data: SeriesAnswer | undefined): ShownSeries[] {
  const all = (data?.results ?? []).flatMap(({ series }, index) =>
    series.map((one) => ({ ...one, legend: queries[index]?.legend })),
  );
  const common = commonLabels(all);
  return all.map(({ legend, labels, values }, index) => ({
    name: legendOf(legend, labels, common),
    labels,
    values,
    colour: seriesColour(index),
  }));
}

/** The same queries over the same time, to go on from. */
function exploreHref(queries: readonly string[], range: TimeRange): string {
  const query = new URLSearchParams(queries.map((text) => ['q', text]));
  for (const [name, value] of Object.entries(rangeQuery(range)))
    if (value !== undefined) query.set(name, value);
  return `/explore/metrics?${query}`;
}
