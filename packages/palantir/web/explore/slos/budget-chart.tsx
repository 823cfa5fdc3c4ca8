/** What was left of an objective's budget over the range, a line for each service, with what was changed. */
import { useMemo } from 'preact/hooks';
import type { Slo, SloBudget } from '../../../src/slo/slo.ts';
import { Chart } from '../parts/chart.tsx';
import type { Mark } from '../parts/chart-layers.ts';
import { commonLabels, nameOf } from '../parts/prometheus.ts';
import { Failed } from '../parts/states.tsx';
import { rangeParameters } from '../parts/time-range.ts';
import { useAnswer } from '../parts/use-answer.ts';
import type { RangeState } from '../parts/use-range.ts';
import { useSeen } from '../parts/use-seen.ts';
import { withNow } from './budget-now.ts';

const NONE: readonly number[] = [];

interface Props {
  readonly name: string;
  /** The objectives of this name, as they are now. */
  readonly slos: readonly Slo[];
  readonly state: RangeState;
  readonly marks: readonly Mark[];
}

export function BudgetChart({ name, slos, state, marks }: Props) {
  const [host, isSeen] = useSeen<HTMLDivElement>();
  const path = `/palantir/slos/${encodeURIComponent(name)}/budget?${rangeParameters(state.range)}`;
  const { data: told, error, again } = useAnswer<SloBudget>(isSeen ? path : undefined);
  const { last, toMs } = state.range;
  const data = useMemo(
    () => (told && last !== undefined ? withNow(told, slos, toMs) : told),
    [told, slos, last, toMs],
  );
  const lines = useMemo(() => {
    const series = data?.series ?? [];
    const common = commonLabels(series);
    return series.map(({ labels, values }) => ({
      name: series.length === 1 ? 'left' : nameOf(labels, common),
      values,
    }));
  }, [data]);
  return (
    <div ref={host} class="budget-chart">
      <Chart
        title={`${name}: budget left`}
        unit="share"
        range={state.range}
        times={data?.times ?? NONE}
        lines={lines}
        marks={marks}
        onZoom={state.pick}
      />
      {error && <Failed error={error} again={again} />}
    </div>
  );
}
