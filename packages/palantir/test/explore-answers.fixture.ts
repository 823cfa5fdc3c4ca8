/** What a server of a small shop would answer while its tax service is slow and fails: enough for every page of Explore to show
 * something. Times count back from `now`. Numbers are made at random from a fixed seed. */
import type { Alert, Rule } from '../src/alerts/alert.ts';
import type { Silence } from '../src/alerts/silences.ts';
import type { Change } from '../src/changes/change.ts';
import type { ErrorGroup } from '../src/errors/error-group.ts';
import type { Incident } from '../src/incidents/incident.ts';
import type { Flow, ServiceSummary, WallState } from '../src/live/wall-state.ts';
import type { Labels, LogLine } from '../src/model.ts';
import type { Slo, SloBudget } from '../src/slo/slo.ts';
import type { TraceSummary } from '../src/store/traces/trace-summary.ts';
import type { ComparedStack } from '../web/explore/stacks/stack-rows.ts';
import type { SentSpan, SentTrace } from '../web/explore/traces/trace.ts';
import type { SettingsAnswer } from '../web/shared/settings.ts';
import { budgetAt, DASHBOARDS, SLOS, STACKS } from './explore-settings.fixture.ts';

const SECOND = 1_000;
const MINUTE = 60_000;
const NAMES = ['edge', 'shop', 'payments', 'tax', 'receipts', 'notifications', 'catalogue'] as const;
export const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
export const OTHER_TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
export const BIG_TRACE_ID = 'f'.repeat(32);

export interface Answers {
  readonly now: number;
  readonly wall: WallState;
  readonly lines: readonly LogLine[];
  readonly traces: readonly TraceSummary[];
  trace(id: string): SentTrace | undefined;
  readonly alerts: { readonly alerts: readonly Alert[]; readonly rules: readonly Rule[] };
  silences: Silence[];
  groups: ErrorGroup[];
  incident: Incident;
  changes: Change[];
  settings: SettingsAnswer;
  stacks: readonly ComparedStack[];
  slos: readonly Slo[];
  budget(name: string, fromMs: number, toMs: number): SloBudget | undefined;
  range(query: string, times: readonly number[]): { metric: Labels; values: [number, string][] }[];
}

/** Between 0 and 1, the same in each run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export function answersAt(now: number): Answers {
  const random = randomFrom(7);
  const changes = changesAt(now);
  return {
    now,
    wall: wallAt(now, changes),
    lines: linesAt(now, random),
    traces: tracesAt(now, random),
    trace: (id) => traceAt(id, now),
    alerts: { alerts: alertsAt(now), rules: RULES },
    silences: [
      {
        id: 1,
        matchers: [{ label: 'service', op: '=', value: 'notifications' }],
        fromMs: now - 20 * MINUTE,
        untilMs: now + 100 * MINUTE,
        author: 'mira',
        comment: 'the provider moves tonight',
      },
    ],
    groups: groupsAt(now),
    incident: incidentAt(now, changes[0]!),
    changes,
    settings: { problems: [], inUse: 'newest', dashboards: DASHBOARDS },
    stacks: STACKS,
    slos: SLOS,
    budget: budgetAt,
    range: rangeAt,
  };
}

/** All of them well within the last hour, which most pages show: that goes on while tests run. */
function changesAt(now: number): Change[] {
  return [
    {
      id: 9,
      atMs: now - 14 * MINUTE,
      kind: 'deploy',
      service: 'tax',
      title: 'tax: a41f09c → b772e10',
      author: 'lena',
      detail: 'new rates for 2027',
    },
    { id: 8, atMs: now - 21 * MINUTE, kind: 'scale', service: 'shop', title: 'shop: 2 → 3 instances' },
    {
      id: 7,
      atMs: now - 27 * MINUTE,
      kind: 'flag',
      service: 'payments',
      title: 'express checkout for 25 %',
      author: 'mira',
    },
    {
      id: 6,
      atMs: now - 34 * MINUTE,
      kind: 'restart',
      service: 'receipts',
      title: 'receipts was started again',
    },
  ];
}

function wallAt(now: number, changes: readonly Change[]): WallState {
  const services = NAMES.map((name, index): ServiceSummary & { owner: string; about: string } => ({
    name,
    kind: name === 'edge' ? 'edge' : 'service',
    state: name === 'tax' ? 'degraded' : 'ok',
    ...(name === 'tax' && { detail: 'p95 is above 500 ms' }),
    requestsPerSecond: [412, 388, 96, 95.4, 31.2, 8.4, 640][index]!,
    errorShare: name === 'tax' ? 0.041 : name === 'payments' ? 0.006 : 0,
    p50Ms: [12, 11, 40, 310, 60, 90, 2.1][index]!,
    p95Ms: [48, 44, 780, 712, 210, 340, 6.2][index]!,
    wanted: 2 + (index % 2),
    ready: name === 'tax' ? 2 : 2 + (index % 2),
    restarts: name === 'receipts' ? 1 : 0,
    version: name === 'tax' ? 'b772e10' : 'a41f09c',
    history: Array.from({ length: 30 }, (_, minute) => 50 + 30 * Math.sin((minute + index * 3) / 4)),
    owner: ['platform', 'shop', 'money', 'money', 'money', 'platform', 'shop'][index]!,
    about: [
      'Lets the world in.',
      'Carts and orders of customers.',
      'Takes payments and settles them.',
      'Knows what tax is due, by country and day.',
      'Writes receipts and stores them.',
      'Sends mail to customers.',
      'What can be bought, and for how much.',
    ][index]!,
  }));
  const flow = (from: string, to: string, rate: number, p95Ms: number, errorShare = 0): Flow => ({
    from,
    to,
    requestsPerSecond: rate,
    errorShare,
    p95Ms,
  });
  return {
    app: 'payments-shop',
    atMs: now,
    build: 'build-1',
    services,
    swarm: {
      atMs: now,
      nodes: ['stage-a', 'stage-b'].map((name, node) => ({
        name,
        role: 'worker',
        cpu: 0.4,
        memory: 0.5,
        seenAtMs: now,
        instances: services.flatMap(({ name: service, wanted, version }) =>
          Array.from({ length: wanted }, (_, slot) => slot + 1)
            .filter((slot) => slot % 2 === node)
            .map((slot) => ({
              id: `${service}-${slot}-k3x9`,
              service,
              slot,
              version,
              health: service === 'tax' && slot === 3 ? ('unhealthy' as const) : ('healthy' as const),
              isWanted: true,
              startedAtMs: now - (service === 'tax' ? 14 : 600) * MINUTE,
              ...(service === 'tax' && slot === 3 && { detail: 'readiness: rates are not loaded' }),
            })),
        ),
      })),
      services: services.map(({ name, wanted, ready, version, restarts }) => ({
        name,
        kind: 'service',
        wanted,
        ready,
        versions: [version],
        restarts,
      })),
    },
    flows: [
      flow('edge', 'shop', 388, 44),
      flow('edge', 'payments', 24, 790, 0.004),
      flow('shop', 'catalogue', 640, 6.2),
      flow('shop', 'payments', 72, 780, 0.006),
      flow('payments', 'tax', 95.4, 712, 0.041),
      flow('payments', 'receipts', 31.2, 210),
      flow('receipts', 'notifications', 8.4, 340),
    ],
    alerts: [],
    incidents: [],
    changes,
    slos: [],
  };
}

const BODIES: readonly (readonly [
  severity: number,
  service: string,
  body: string,
  attributes: Record<string, string>,
])[] = [
  [9, 'shop', 'order placed', { 'http.route': '/v1/orders', country: 'FR' }],
  [9, 'payments', 'payment authorised', { 'http.route': '/v1/payments', acquirer: 'north' }],
  [5, 'catalogue', 'prices read from the cache', { cache: 'prices', outcome: 'hit' }],
  [
    13,
    'payments',
    'tax did not answer within 500 ms, asking another instance',
    { target: 'tax', attempt: '2' },
  ],
  [
    17,
    'tax',
    'RateTableError: no rates for BE on 2027-01-01',
    { 'error.type': 'RateTableError', country: 'BE' },
  ],
  [9, 'receipts', 'receipt written', { bytes: '48213' }],
  [9, 'notifications', 'mail accepted by the provider', { route: 'north-mail' }],
];

function linesAt(now: number, random: () => number): LogLine[] {
  const inTrace = [30, 210, 505, 560].map(
    (ms, index): LogLine => ({
      atMs: now - 14 * MINUTE + ms,
      severity: [5, 9, 17, 9][index]!,
      service: 'tax',
      body: [
        'rates are read',
        'the table of rates is read anew',
        'RateTableError: no rates for BE on 2027-01-01',
        'rates are read',
      ][index]!,
      attributes: { country: 'BE' },
      traceId: TRACE_ID,
      spanId: index < 3 ? '0000000000000006' : 'b'.repeat(16),
    }),
  );
  const others = Array.from({ length: 900 }, (_, index) => {
    const [severity, service, body, attributes] = BODIES[Math.floor(random() ** 1.4 * BODIES.length)]!;
    return {
      atMs: now - index * 4 * SECOND - Math.floor(random() * 3_000),
      severity,
      service,
      body:
        index % 40 === 7
          ? `${body}\n  at lookup (src/rates.ts:88:11)\n  at charge (src/charge.ts:41:5)`
          : body,
      attributes: {
        ...attributes,
        order_id: `or_${Math.floor(random() * 1e8).toString(36)}`,
        version: 'a41f09c',
      },
      ...(index % 3 === 0 && { traceId: OTHER_TRACE_ID, spanId: '0000000000000001' }),
    };
  });
  return [...inTrace, ...others].sort((one, other) => other.atMs - one.atMs);
}

function tracesAt(now: number, random: () => number): TraceSummary[] {
  const roots = [
    ['edge', 'POST /v1/payments'],
    ['edge', 'GET /v1/orders/:id'],
    ['edge', 'POST /v1/orders'],
    ['payments', 'payments.settle'],
  ] as const;
  return Array.from({ length: 120 }, (_, index) => {
    const [rootService, rootName] = roots[Math.floor(random() * roots.length)]!;
    const isSlow = random() < 0.12;
    return {
      traceId: index === 0 ? TRACE_ID : index === 1 ? OTHER_TRACE_ID : index.toString(16).padStart(32, '0'),
      rootName,
      rootService,
      startMs: now - index * 28 * SECOND,
      durationMs: isSlow ? 500 + random() * 900 : 12 + random() * 160,
      services: ['edge', 'payments', 'tax'].slice(0, 1 + Math.floor(random() * 3)),
      errors: isSlow && random() < 0.4 ? 2 : 0,
      spans: 8 + Math.floor(random() * 30),
    };
  });
}

type Sketch = readonly [name: string, from: number, to: number, ...children: Sketch[]];

const PAYMENT: Sketch = [
  'edge:POST /v1/payments',
  0,
  842,
  [
    'payments:payments.v1/charge',
    4,
    836,
    ['payments:SELECT merchant', 8, 14],
    ['payments:tax.v1/due', 16, 516, ['tax:tax.v1/due', 18, 514, ['tax:read rates', 20, 512]]],
    [
      'payments:tax.v1/due',
      518,
      690,
      ['tax:tax.v1/due', 522, 686, ['tax:read rates', 524, 640], ['tax:round', 641, 684]],
    ],
    ['payments:POST acquirer', 692, 806],
    ['payments:INSERT payment', 808, 822],
    ['payments:publish payment.authorised', 823, 829],
  ],
  ['receipts:write receipt', 830, 1_104, ['receipts:render', 834, 990], ['receipts:PUT blob', 992, 1_100]],
];
const QUICK: Sketch = [
  'edge:POST /v1/payments',
  0,
  151,
  [
    'payments:payments.v1/charge',
    3,
    148,
    ['payments:SELECT merchant', 7, 12],
    ['payments:tax.v1/due', 14, 24, ['tax:tax.v1/due', 15, 23]],
    ['payments:POST acquirer', 26, 130],
    ['payments:INSERT payment', 132, 144],
  ],
];

function traceAt(id: string, now: number): SentTrace | undefined {
  if (id === BIG_TRACE_ID) return bigTrace(now);
  if (id !== TRACE_ID && id !== OTHER_TRACE_ID) return undefined;
  return traceOfSketch(id, now - 14 * MINUTE, id === TRACE_ID ? PAYMENT : QUICK);
}

function traceOfSketch(traceId: string, beganMs: number, root: Sketch): SentTrace {
  const spans: SentSpan[] = [];
  const add = ([title, from, to, ...children]: Sketch, parentId?: string): void => {
    const spanId = spans.length === 6 ? 'b'.repeat(16) : (spans.length + 1).toString(16).padStart(16, '0');
    const [service = '', name = ''] = title.split(/:(.*)/s);
    const isFailed = title === 'payments:tax.v1/due' && from < 100 && to > 500;
    spans.push({
      traceId,
      spanId,
      ...(parentId !== undefined && { parentId }),
      name,
      service,
      kind: name.startsWith('POST') || name.includes('v1/') ? 'client' : 'internal',
      startNs: String(BigInt(beganMs + from) * 1_000_000n),
      durationNs: (to - from) * 1e6,
      status: isFailed ? 'error' : 'unset',
      ...(isFailed && { statusMessage: 'DEADLINE_EXCEEDED: tax did not answer within 500 ms' }),
      attributes: {
        'service.instance.id': `${service}-2`,
        'rpc.method': name,
        'http.response.status_code': '200',
      },
      events: isFailed
        ? [
            {
              atNs: String(BigInt(beganMs + to) * 1_000_000n),
              name: 'retry',
              attributes: { attempt: '2', reason: 'SLOW' },
            },
          ]
        : [],
      links: [],
    });
    for (const child of children) add(child, spanId);
  };
  add(root);
  return {
    summary: {
      traceId,
      rootName: spans[0]!.name,
      rootService: spans[0]!.service,
      startMs: beganMs,
      durationMs: 0,
      services: [...new Set(spans.map(({ service }) => service))],
      errors: spans.filter(({ status }) => status === 'error').length,
      spans: spans.length,
    },
    spans,
  };
}

/** 10,000 spans, ten below each. */
function bigTrace(now: number): SentTrace {
  const spans = Array.from(
    { length: 10_000 },
    (_, index): SentSpan => ({
      traceId: BIG_TRACE_ID,
      spanId: index.toString(16).padStart(16, '0'),
      ...(index > 0 && {
        parentId: Math.floor((index - 1) / 10)
          .toString(16)
          .padStart(16, '0'),
      }),
      name: `step ${index}`,
      service: NAMES[index % NAMES.length]!,
      kind: 'internal',
      startNs: String(BigInt(now) * 1_000_000n + BigInt(index) * 10_000n),
      durationNs: 200_000_000 - index * 10_000,
      status: 'unset',
      attributes: {},
      events: [],
      links: [],
    }),
  );
  const summary = {
    traceId: BIG_TRACE_ID,
    rootName: 'step 0',
    startMs: now,
    durationMs: 200,
    services: [...NAMES],
    errors: 0,
    spans: 10_000,
  };
  return { summary, spans };
}

const RULES: readonly Rule[] = [
  {
    name: 'slow',
    severity: 'page',
    condition: {
      kind: 'threshold',
      expression:
        'histogram_quantile(0.95, sum by (service, le) (rate(rpc_server_call_duration_seconds_bucket[5m]))) > 0.5',
      noData: 'keep',
    },
    forMs: 60_000,
    keepForMs: 60_000,
    labels: {},
    summary: '{{ service }} is slow: p95 is {{ value }} s',
    source: 'default',
  },
  {
    name: 'card-declines',
    severity: 'ticket',
    condition: {
      kind: 'count',
      matchers: [{ label: 'service', op: '=', value: 'payments' }],
      words: ['declined'],
      logSeverity: 13,
      by: ['acquirer'],
      atLeast: 20,
      windowMs: 5 * MINUTE,
    },
    forMs: 0,
    keepForMs: 0,
    labels: {},
    summary: 'many cards are declined by {{ acquirer }}',
    source: 'monitoring/payments.yaml:14',
  },
  {
    name: 'new-error',
    severity: 'ticket',
    condition: { kind: 'firstSeen', matchers: [] },
    forMs: 0,
    keepForMs: 0,
    labels: {},
    summary: 'new error in {{ service }}',
    source: 'default',
  },
  {
    name: 'payments-available',
    severity: 'page',
    condition: {
      kind: 'burnRate',
      errorShare: 'sum by (service) (rate(failed[$window])) / sum by (service) (rate(all[$window]))',
      objective: 0.999,
    },
    forMs: 0,
    keepForMs: 0,
    labels: {},
    summary: '{{ service }} uses up its error budget',
    source: 'monitoring/payments.yaml:31',
  },
];

function alertsAt(now: number): Alert[] {
  const alert = (given: Partial<Alert> & Pick<Alert, 'rule' | 'summary' | 'state'>): Alert => ({
    id: `${given.rule} ${given.summary}`,
    severity: 'page',
    service: 'tax',
    labels: { service: 'tax' },
    value: 0.712,
    sinceMs: now - 13 * MINUTE,
    isFlapping: false,
    evidence: [],
    ...given,
  });
  return [
    alert({
      rule: 'slow',
      state: 'firing',
      summary: 'tax is slow: p95 is 0.712 s',
      firedAtMs: now - 12 * MINUTE,
      evidence: [TRACE_ID],
      description: 'Calls take longer than those who wait for them allow.',
      runbook: 'https://example.com/slow',
    }),
    alert({
      rule: 'new-error',
      severity: 'ticket',
      state: 'firing',
      summary: 'new error in tax: RateTableError',
      firedAtMs: now - 13 * MINUTE,
      value: 1,
      evidence: ['RateTableError: no rates for BE on 2027-01-01'],
    }),
    alert({
      rule: 'card-declines',
      severity: 'ticket',
      state: 'pending',
      service: 'payments',
      summary: 'many cards are declined by north',
      value: 21,
    }),
    alert({
      rule: 'slow',
      state: 'resolved',
      service: 'receipts',
      summary: 'receipts is slow: p95 is 0.61 s',
      resolvedAtMs: now - 22 * MINUTE,
      mutedBy: 'silence 1',
    }),
  ];
}

function groupsAt(now: number): ErrorGroup[] {
  const group = (
    given: Partial<ErrorGroup> & Pick<ErrorGroup, 'fingerprint' | 'type' | 'title' | 'count'>,
  ): ErrorGroup => ({
    why: 'The same type, RateTableError, thrown from lookup in src/rates.ts.',
    state: 'open',
    firstSeenMs: now - 13 * MINUTE,
    lastSeenMs: now - 20 * SECOND,
    newAtMs: now - 13 * MINUTE,
    newIn: { service: 'tax', version: 'b772e10' },
    isRegression: false,
    services: ['tax'],
    versions: ['b772e10'],
    stack:
      'RateTableError: no rates for BE on 2027-01-01\n    at lookup (src/rates.ts:88:11)\n    at due (src/due.ts:23:18)\n    at handler (src/main.ts:14:3)',
    samples: [
      {
        atMs: now - 20 * SECOND,
        service: 'tax',
        version: 'b772e10',
        message: 'no rates for BE on 2027-01-01',
        traceId: TRACE_ID,
        spanId: 'b'.repeat(16),
      },
      {
        atMs: now - 95 * SECOND,
        service: 'tax',
        version: 'b772e10',
        message: 'no rates for BE on 2027-01-01',
      },
    ],
    ...given,
  });
  return [
    group({
      fingerprint: 'v1:91b2c04d11e8aa70',
      type: 'RateTableError',
      title: 'no rates for BE on 2027-01-01',
      count: 1_204,
    }),
    group({
      fingerprint: 'v1:7a1f33c0d2b94e15',
      type: 'DEADLINE_EXCEEDED',
      title: 'tax did not answer within 500 ms',
      count: 388,
      services: ['payments', 'edge'],
      isRegression: true,
      firstSeenMs: now - 9 * 86_400_000,
    }),
    group({
      fingerprint: 'v1:0c55e18b6fd37a92',
      type: '',
      title: 'connection to the mail provider was closed',
      count: 3,
      services: ['notifications'],
      versions: ['a41f09c'],
      newAtMs: now - 86_400_000,
      firstSeenMs: now - 86_400_000,
    }),
  ];
}

function incidentAt(now: number, suspect: Change): Incident {
  const at = (
    minutes: number,
    kind: Incident['timeline'][number]['kind'],
    text: string,
    more: object = {},
  ) => ({
    atMs: now - minutes * MINUTE,
    kind,
    text,
    ...more,
  });
  return {
    id: 12,
    title: 'tax is slow',
    severity: 'page',
    state: 'open',
    services: ['tax', 'payments'],
    openedAtMs: now - 12 * MINUTE,
    beganAtMs: now - 13 * MINUTE,
    suspect,
    alerts: alertsAt(now).slice(0, 2),
    timeline: [
      at(14, 'change', 'deploy: tax: a41f09c → b772e10', { service: 'tax', by: 'lena' }),
      at(13, 'error', 'new: RateTableError: no rates for BE on 2027-01-01', { service: 'tax' }),
      at(12, 'opened', 'slow: tax is slow: p95 is 0.712 s', { service: 'tax' }),
      at(7, 'escalated', 'nobody answered within 5 min: mira was told'),
      at(4, 'noted', 'Rates for BE are missing in the new table.\nRolling back.', { by: 'mira' }),
    ],
  };
}

const GROUPS: Readonly<Record<string, readonly string[]>> = {
  service: NAMES,
  outcome: ['DEADLINE_EXCEEDED', 'INTERNAL'],
  procedure: ['due', 'rates', 'explain'],
  kind: ['payments.settle', 'receipts.write', 'close-day'],
  'type, group': ['payment.settled'],
  state: ['queued', 'unknown'],
  route: ['north-mail', 'south-mail'],
  schedule: ['close-day', 'nightly'],
  db_namespace: ['payments'],
};

/** Waves, by what the query groups by; with `nothing` in it none. */
function rangeAt(query: string, times: readonly number[]): { metric: Labels; values: [number, string][] }[] {
  if (/nothing|event_link/.test(query)) return [];
  const by = / by \(([^)]+?)(?:, le)?\)/.exec(query)?.[1];
  const scale = /quantile/.test(query)
    ? 0.3 * Number(/quantile\(([\d.]+)/.exec(query)![1]) ** 2
    : /failed/.test(query)
      ? 0.0006
      : /outcome/.test(query)
        ? 2
        : /dead/.test(query)
          ? 2
          : 60;
  const members =
    by === undefined || by === 'le' ? [{}] : (GROUPS[by] ?? ['a']).map((value) => labelsOf(by, value));
  return members.map((metric, index) => ({
    metric,
    values: times.map((seconds) => [
      seconds,
      String(
        scale *
          (1 + 0.4 * Math.sin(seconds / 400 + index * 2) + 0.05 * Math.sin(seconds / 17 + index)) *
          (1 + index * 0.3),
      ),
    ]),
  }));
}

function labelsOf(by: string, value: string): Labels {
  return by === 'type, group' ? { type: value, group: 'receipts' } : { [by]: value };
}
