/** What a team of the same small shop (explore-answers.fixture.ts) has written: dashboards, stacks and objectives. */
import type { Dashboard, Panel } from '../src/settings/dashboards.ts';
import type { StackService } from '../src/settings/stack/stack.ts';
import { judge } from '../src/slo/judgement.ts';
import type { Slo, SloBudget } from '../src/slo/slo.ts';
import type { ComparedStack } from '../web/explore/stacks/stack-rows.ts';

const HOUR = 3_600_000;
const RATE = 'sum by (service) (rate(rpc_server_call_duration_seconds_count[1m]))';

function panel(
  title: string,
  more: Partial<Panel> & { readonly query?: string; readonly legend?: string },
): Panel {
  const { query = RATE, legend, ...rest } = more;
  const queries = [{ expression: query, ...(legend !== undefined && { legend }) }];
  return { title, kind: 'lines', unit: 'number', queries, ...rest };
}

const quantile = (q: number) => ({
  expression: `histogram_quantile(${q}, sum by (le) (rate(rpc_server_call_duration_seconds_bucket[1m])))`,
  legend: `p${q * 100}`,
});

export const DASHBOARDS: readonly Dashboard[] = [
  {
    name: 'shop',
    title: 'The shop',
    description: 'What customers feel, and what it costs us.',
    source: '/srv/shop/palantir/dashboards.yaml:3',
    rows: [
      {
        title: 'Now',
        panels: [
          panel('Orders', { kind: 'number', unit: 'perSecond', query: 'sum(rate(orders_total[1m]))' }),
          panel('Conversion', { kind: 'number', unit: 'share', query: 'sum(failed_total) * 800' }),
          panel('Waiting', { kind: 'number', query: 'sum by (kind) (task_ready)', legend: '{{ kind }}' }),
        ],
      },
      {
        title: 'Requests',
        panels: [
          panel('Requests, by service', { kind: 'area', unit: 'perSecond', legend: '{{ service }}' }),
          panel('Durations', {
            unit: 'seconds',
            queries: [quantile(0.5), quantile(0.95), quantile(0.99)],
            description: 'A step upward after a deploy is worth a look.',
          }),
        ],
      },
      {
        panels: [
          panel('Traffic out', {
            unit: 'bytesPerSecond',
            query: 'sum by (service) (rate(sent_bytes[1m]) * 9000)',
          }),
          panel('Broken', { query: 'oops sum(x)', description: 'It has a mistake, for itself alone.' }),
          panel('By procedure', {
            kind: 'table',
            unit: 'perSecond',
            query: 'sum by (procedure) (rate(x[1m]))',
          }),
        ],
      },
    ],
  },
  {
    name: 'money',
    title: 'Money',
    source: '/srv/shop/palantir/money.yaml:1',
    rows: [{ panels: [panel('Payments', {})] }],
  },
];

function service(name: string, image: string, replicas = 2): StackService {
  return {
    ...{ name, image: `registry.example.com/shop/${image}`, mode: 'replicated', replicas },
    ...{ constraints: [], ports: [], networks: [], labels: {} },
  };
}

export const STACKS: readonly ComparedStack[] = [
  {
    name: 'shop',
    file: '/srv/shop/deploy/stack.yaml',
    services: [
      service('shop', 'shop:a41f09c', 4),
      service('payments', 'payments:a41f09c'),
      service('tax', 'tax:a41f09c', 3),
      service('receipts', 'receipts:a41f09c'),
      service('search', 'search:9b1c2d3'),
      { ...service('agent', 'agent:1.0', 1), mode: 'global' },
    ],
    differences: [
      {
        service: 'legacy-mailer',
        kind: 'unexpected',
        wanted: '0',
        found: '1',
        message: 'legacy-mailer runs once, and is not in the stack',
      },
      {
        service: 'payments',
        kind: 'resources',
        wanted: 'memory limit 512 MiB',
        found: 'memory limit none',
        message: 'payments should run with memory limit 512 MiB, and runs with memory limit none',
      },
      {
        service: 'search',
        kind: 'missing',
        wanted: '2',
        found: '0',
        message: 'search should run (2 times), and does not',
      },
      {
        service: 'shop',
        kind: 'count',
        wanted: '4',
        found: '3',
        message: 'shop should run 4 times, and runs 3 times',
      },
      {
        service: 'tax',
        kind: 'image',
        wanted: 'registry.example.com/shop/tax:a41f09c',
        found: 'b772e10',
        message: 'tax should run registry.example.com/shop/tax:a41f09c, and b772e10 runs',
      },
    ],
  },
  {
    file: '/srv/shop/deploy/tools.yaml',
    services: [service('catalogue', 'catalogue:a41f09c', 2)],
    differences: [],
  },
];

/** @param bad shares by window; of others that of 30 days */
function slo(
  name: string,
  of: string,
  target: number,
  bad: Readonly<Record<string, number>> | undefined,
): Slo {
  const objective = {
    ...{ name, target, errorShare: '', labels: {}, summary: `${of} does not keep its promise` },
    source: '/srv/shop/palantir/objectives.yaml:4',
  };
  return judge(objective, { service: of }, (window) => bad && (bad[window] ?? bad['30d']));
}

export const SLOS: readonly Slo[] = [
  slo('taxes are known', 'tax', 0.995, { '30d': 0.0064, '5m': 0.041, '1h': 0.017, '6h': 0.0034 }),
  slo('payments are answered', 'payments', 0.999, { '30d': 0.00042, '5m': 0.021, '1h': 0.0166 }),
  slo('pages are fast', 'shop', 0.95, { '30d': 0.0074 }),
  slo('the shop is there', 'edge', 0.9995, { '30d': 0 }),
  {
    ...slo('receipts are sent', 'receipts', 0.99, undefined),
    problem: 'it took longer than 10 s: let errorShare select fewer series',
  },
];

const LAST: Readonly<Record<string, number>> = {
  ...{
    'taxes are known': -0.28,
    'payments are answered': 0.58,
    'pages are fast': 0.85,
    'the shop is there': 1,
  },
};

/** Falls to what is left now, in steps. */
export function budgetAt(name: string, fromMs: number, toMs: number): SloBudget | undefined {
  const last = LAST[name];
  const times = Array.from({ length: 100 }, (_, at) => fromMs + ((toMs - fromMs) * at) / 99);
  if (last === undefined) return { times, series: [] };
  const leftAt = (atMs: number): number =>
    Math.min(1, last + (1 - last) * 0.5 * (1 - 1 / (1 + ((toMs - atMs) / (20 * HOUR)) ** 2)));
  return { times, series: [{ service: 'tax', labels: { service: 'tax' }, values: times.map(leftAt) }] };
}
