/** Rate, errors and durations of a service over the range, with what was changed. */
import { useMemo } from 'preact/hooks';
import { Chart, type Line } from '../parts/chart.tsx';
import { nameOf, type Series } from '../parts/prometheus.ts';
import { Failed } from '../parts/states.tsx';
import { stepOf } from '../parts/time-range.ts';
import { useMarks } from '../parts/use-changes.ts';
import type { RangeState } from '../parts/use-range.ts';
import { useSeries } from '../parts/use-series.ts';
import { redQueries } from './red-queries.ts';

const STEPS = 240;
const QUANTILES = [
  ['p50', '--series-3'],
  ['p95', '--series-1'],
  ['p99', '--series-4'],
] as const;

interface Props {
  readonly service: string;
  readonly state: RangeState;
  /** Whose changes are shown besides its own. */
  readonly others?: readonly string[];
}

export function RedCharts({ service, state, others = [] }: Props) {
  const { range, pick } = state;
  const queries = useMemo(() => {
    const { rate, errors, p50, p95, p99 } = redQueries(service, stepOf(range, STEPS));
    return [rate, errors, p50, p95, p99];
  }, [service, range]);
  const { data, error, again } = useSeries(queries, range);
  const marks = useMarks(range, service, ...others);
  const lines = useMemo(() => {
    const of = (index: number): readonly Series[] => data?.results[index]?.series ?? [];
    return {
      rate: of(0).map(({ values }) => ({ name: 'requests', values })),
      errors: of(1).map(({ labels, values }) => ({ name: nameOf(labels), values })),
      durations: QUANTILES.flatMap(([name, colour], index): Line[] =>
        of(2 + index).map(({ values }) => ({ name, values, colour })),
      ),
    };
  }, [data]);
  const failure = error ?? data?.results.find((result) => result.error)?.error;
  const times = data?.grid.times ?? [];
  const shared = { range, times, marks, onZoom: pick };
  return (
    <>
      {failure && <Failed error={failure} again={again} />}
      <div class="charts">
        <Chart title="Requests per second" unit="perSecond" lines={lines.rate} {...shared} />
        <Chart title="Errors per second, by code" unit="perSecond" lines={lines.errors} {...shared} />
        <Chart title="Duration" unit="seconds" lines={lines.durations} {...shared} />
      </div>
    </>
  );
}
