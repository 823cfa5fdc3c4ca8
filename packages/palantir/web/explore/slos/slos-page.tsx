/** Objectives: what was promised, what was kept of it, and what is left of each error budget; the worst first. */
import type { ServiceState } from '../../../src/live/wall-state.ts';
import type { Slo, SloBurn, SloState } from '../../../src/slo/slo.ts';
import { exactPercent } from '../../shared/format.ts';
import { Page } from '../../shared/page.tsx';
import { Sign } from '../../shared/sign.tsx';
import { RangePicker } from '../parts/range-picker.tsx';
import { Empty, Failed, Loading } from '../parts/states.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { useAnswer } from '../parts/use-answer.ts';
import { useMarks } from '../parts/use-changes.ts';
import { useRange } from '../parts/use-range.ts';
import { BudgetBar } from './budget-bar.tsx';
import { BudgetChart } from './budget-chart.tsx';
import './slos.css';

const RENEW_MS = 30_000;
const USUAL_RANGE = '7d';
/** More charts are not looked at. */
const MAX_CHARTS = 24;
const EXAMPLE = `slos:
  - name: payments are answered
    objective: 99.9%
    errorShare: |
      sum by (service) (rate(rpc_server_call_duration_seconds_count{service="payments",outcome="INTERNAL"}[$window]))
        / sum by (service) (rate(rpc_server_call_duration_seconds_count{service="payments"}[$window]))
`;
const ORDER: readonly SloState[] = ['exhausted', 'burning', 'ok', 'unknown'];
const HEALTH: Readonly<Record<SloState, ServiceState>> = {
  ...{ exhausted: 'down', burning: 'degraded', ok: 'ok', unknown: 'unknown' },
};

const COLUMNS: readonly Column<Slo>[] = [
  {
    name: 'Objective',
    cell: ({ name, service, state, problem, source }) => (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: arrows go through the rows
      <div class="objective" tabIndex={0} data-item title={source}>
        <Sign state={HEALTH[state]} word={state} />
        <div>
          <b>{name}</b>
          {service && (
            <small class="about">
              <a href={`/explore/services/${encodeURIComponent(service)}`}>{service}</a>
            </small>
          )}
          {problem && <small class="is-degraded">▲ not read: {problem}</small>}
        </div>
      </div>
    ),
    order: ({ name }) => name,
  },
  {
    name: 'State',
    cell: ({ state }) => <b class={`is-${HEALTH[state]}`}>{state}</b>,
    order: ({ state }) => ORDER.indexOf(state),
    isExtra: true,
  },
  {
    name: 'Attained',
    cell: ({ attained }) => (attained === undefined ? '–' : exactPercent(attained)),
    order: ({ attained }) => attained ?? 2,
    isNumber: true,
  },
  {
    name: 'Promised',
    cell: ({ target }) => exactPercent(target),
    order: ({ target }) => target,
    isNumber: true,
    isExtra: true,
  },
  {
    name: 'Budget left',
    cell: (slo) => <BudgetBar {...slo} />,
    order: ({ budgetLeft }) => budgetLeft ?? 2,
  },
  ...[0, 1, 2].map(
    (index): Column<Slo> => ({
      name: ['Burns, 5 min · 1 h', '30 min · 6 h', '2 h · 3 d'][index]!,
      cell: ({ burns }) => <Burn burn={burns[index]} />,
      order: ({ burns }) => burns[index]?.longRate ?? -1,
      isNumber: true,
      isExtra: true,
    }),
  ),
];

export default function SlosPage() {
  const state = useRange(RENEW_MS, USUAL_RANGE);
  const { data: slos, error, isLoading, again } = useAnswer<readonly Slo[]>('/palantir/slos', RENEW_MS);
  const marks = useMarks(state.range);
  const names = [...new Set(slos?.map(({ name }) => name))].slice(0, MAX_CHARTS);
  const renew = (): void => {
    state.renew();
    again();
  };
  return (
    <Page title="SLOs" actions={<RangePicker {...state} renew={renew} />}>
      {error && <Failed error={error} again={again} />}
      {!slos && isLoading && <Loading what="objectives" />}
      {slos?.length === 0 && (
        <Empty title="Nothing is promised yet">
          <p>
            Write an objective into any YAML file of <code>palantir/</code>. What is attained and left of its
            budget is shown here and on the wall, and it alerts when the budget goes too fast.
          </p>
          <pre>{EXAMPLE}</pre>
        </Empty>
      )}
      {slos && slos.length > 0 && (
        <>
          <p class="quiet">
            Over 30 days, or as long as telemetry is kept. A budget that burns at 1 lasts just so long; at
            14.4 over an hour, 6 over six hours or 1 over three days it alerts.
          </p>
          <Table
            caption="Objectives"
            rows={slos}
            columns={COLUMNS}
            keyOf={({ name, labels }) => `${name} ${JSON.stringify(labels)}`}
          />
          <div class="charts budget-charts">
            {names.map((name) => (
              <BudgetChart
                key={name}
                name={name}
                slos={slos.filter((slo) => slo.name === name)}
                state={state}
                marks={marks}
              />
            ))}
          </div>
        </>
      )}
    </Page>
  );
}

/** Both rates of a pair; marked where both are too high. */
function Burn({ burn }: { burn: SloBurn | undefined }) {
  if (!burn) return <>–</>;
  const { shortRate, longRate, factor } = burn;
  const isBurning = (shortRate ?? 0) > factor && (longRate ?? 0) > factor;
  return (
    <span class={isBurning ? 'is-down' : ''}>
      {isBurning && '▲ '}
      {rateText(shortRate)} · {rateText(longRate)}
    </span>
  );
}

function rateText(rate: number | undefined): string {
  if (rate === undefined) return '–';
  return rate === 0 ? '0' : rate < 0.05 ? '<0.1' : rate.toFixed(rate < 100 ? 1 : 0);
}
