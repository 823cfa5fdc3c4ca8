/** States of a wall to look at: a small shop on one machine, the same while it burns, and a swarm of twelve nodes with 400 slots each. */
import type { Alert } from '../src/alerts/alert.ts';
import type { Change } from '../src/changes/change.ts';
import type { Flow, IncidentSummary, ServiceSummary, SloSummary, WallState } from '../src/live/wall-state.ts';
import type { SwarmInstance, SwarmNode, SwarmService } from '../src/swarm/swarm-state.ts';

const SECOND = 1_000;
const MINUTE = 60_000;
const DAY = 86_400_000;

interface Sketch {
  readonly name: string;
  readonly kind: SwarmService['kind'];
  readonly wanted: number;
  readonly rate: number;
  readonly p95Ms: number;
}

const SHOP: readonly Sketch[] = [
  { name: 'edge', kind: 'edge', wanted: 1, rate: 412, p95Ms: 48 },
  { name: 'shop', kind: 'service', wanted: 3, rate: 388, p95Ms: 44 },
  { name: 'payments', kind: 'service', wanted: 3, rate: 96, p95Ms: 120 },
  { name: 'tax', kind: 'service', wanted: 2, rate: 95.4, p95Ms: 12 },
  { name: 'receipts', kind: 'service', wanted: 2, rate: 31.2, p95Ms: 210 },
  { name: 'notifications', kind: 'service', wanted: 2, rate: 8.4, p95Ms: 340 },
  { name: 'catalogue', kind: 'service', wanted: 2, rate: 640, p95Ms: 6.2 },
  { name: 'postgres', kind: 'program', wanted: 1, rate: 0, p95Ms: 0 },
];

const CALLS: readonly (readonly [from: string, to: string, rate: number, p95Ms: number])[] = [
  ['edge', 'shop', 388, 44],
  ['edge', 'payments', 24, 130],
  ['shop', 'catalogue', 640, 6.2],
  ['shop', 'payments', 72, 118],
  ['payments', 'tax', 95.4, 12],
  ['payments', 'receipts', 31.2, 210],
  ['receipts', 'notifications', 8.4, 340],
];

export function calm(atMs: number, build = 'build-1'): WallState {
  const services = SHOP.map((sketch, index) => summary(sketch, index));
  return {
    app: 'payments-shop',
    atMs,
    build,
    services,
    swarm: {
      atMs,
      nodes: [machine(atMs, SHOP)],
      services: SHOP.map(({ name, kind, wanted }) => ({
        name,
        kind,
        wanted,
        ready: wanted,
        versions: ['a41f09c'],
        restarts: 0,
      })),
    },
    flows: CALLS.map(([from, to, requestsPerSecond, p95Ms]) => ({
      from,
      to,
      requestsPerSecond,
      errorShare: 0,
      p95Ms,
    })),
    alerts: [],
    incidents: [],
    changes: changes(atMs),
    slos: [
      objective('payments are answered', 'payments', 0.999, 0.99968),
      objective('pages are fast', 'shop', 0.95, 0.9926),
      objective('taxes are known', 'tax', 0.995, 1),
    ],
  };
}

function objective(
  name: string,
  service: string,
  target: number,
  attained: number,
  state: SloSummary['state'] = 'ok',
): SloSummary {
  const budgetLeft = 1 - (1 - attained) / (1 - target);
  return { id: `${name} ${service}`, name, service, target, windowMs: 30 * DAY, attained, budgetLeft, state };
}

export interface Fire {
  readonly owner?: string;
  readonly title?: string;
}

/** A release of tax is bad: it answers slowly, payments fail with it. */
export function burning(atMs: number, { owner, title }: Fire = {}): WallState {
  const quiet = calm(atMs);
  const [suspect] = quiet.changes as readonly [Change];
  const incident: IncidentSummary = {
    id: 17,
    title: title ?? 'payments: 42 % of requests fail',
    severity: 'page',
    state: owner === undefined ? 'open' : 'acknowledged',
    services: ['payments', 'tax', 'shop'],
    openedAtMs: atMs - 4 * MINUTE,
    ...(owner !== undefined && { owner }),
    suspect,
  };
  const alert: Alert = {
    id: 'v1:payments',
    rule: 'errors',
    severity: 'page',
    state: 'firing',
    service: 'payments',
    labels: { service: 'payments' },
    value: 0.42,
    summary: 'payments: 42 % of requests fail',
    sinceMs: atMs - 5 * MINUTE,
    firedAtMs: atMs - 4 * MINUTE,
    isFlapping: false,
    evidence: [],
  };
  const failing: Readonly<Record<string, Partial<ServiceSummary>>> = {
    payments: { state: 'degraded', errorShare: 0.42, p95Ms: 2_140, detail: alert.summary },
    tax: { state: 'down', errorShare: 0.9, p95Ms: 5_000, ready: 0, restarts: 6, version: 'b772e01' },
    shop: { state: 'degraded', errorShare: 0.08 },
  };
  return {
    ...quiet,
    services: quiet.services.map((service) => ({ ...service, ...failing[service.name] })),
    swarm: {
      ...quiet.swarm,
      nodes: quiet.swarm.nodes.map((node) => ({
        ...node,
        cpu: 0.91,
        instances: node.instances.map((one) =>
          one.service === 'tax' ? { ...one, ...BROKEN[one.slot - 1] } : one,
        ),
      })),
      services: quiet.swarm.services.map((one) =>
        one.name === 'tax' ? { ...one, ready: 0, versions: ['a41f09c', 'b772e01'], restarts: 6 } : one,
      ),
    },
    flows: quiet.flows.map((flow): Flow => {
      if (flow.to === 'tax') return { ...flow, errorShare: 0.9, p95Ms: 5_000 };
      return flow.to === 'payments' ? { ...flow, errorShare: 0.42, p95Ms: 2_140 } : flow;
    }),
    alerts: [alert],
    incidents: [incident],
  };
}

const BROKEN: readonly Partial<SwarmInstance>[] = [
  { health: 'unhealthy', version: 'b772e01', detail: 'answers no health check' },
  { health: 'stopped', version: 'b772e01', detail: 'exited with 1' },
];

/** Nothing pages, but not all is well: a ticket, a rollout, a node that is silent. */
export function restless(atMs: number): WallState {
  const quiet = calm(atMs);
  const ticket: Alert = {
    id: 'v1:queue',
    rule: 'queue age',
    severity: 'ticket',
    state: 'firing',
    service: 'receipts',
    labels: { service: 'receipts' },
    value: 340,
    summary: 'receipts: the oldest task has waited for 340 s',
    sinceMs: atMs - 11 * MINUTE,
    isFlapping: false,
    evidence: [],
  };
  return {
    ...quiet,
    slos: [
      objective('receipts are sent within a minute', 'receipts', 0.99, 0.9861, 'exhausted'),
      objective('payments are answered', 'payments', 0.999, 0.99931, 'burning'),
      ...quiet.slos.slice(1),
      {
        id: 'orders',
        name: 'orders are taken',
        service: 'orders',
        target: 0.999,
        windowMs: 30 * DAY,
        state: 'unknown',
      },
    ],
    settingsTrouble: {
      count: 3,
      first:
        '/srv/shop/palantir/rules.yaml:12:10 rules[2].for: write a duration such as 30s, 5m or 2h, not "five minutes"',
    },
    services: quiet.services.map((one) =>
      one.name === 'receipts'
        ? { ...one, state: 'degraded', errorShare: 0.018, detail: ticket.summary }
        : one,
    ),
    alerts: [
      ticket,
      {
        ...ticket,
        id: 'v1:disk',
        state: 'pending',
        summary: 'disk of shop-1 is full in 9 h',
        sinceMs: atMs - MINUTE,
      },
      {
        ...ticket,
        id: 'v1:mail',
        state: 'resolved',
        summary: 'mail: 3 deliveries failed',
        resolvedAtMs: atMs - 22 * MINUTE,
      },
    ],
  };
}

const WORDS =
  'account audit badge basket billing blob cart catalogue coupon credit currency customer delivery device document export feed fraud gateway geo history image import inbox invoice ledger limit login loyalty mail media notice offer order payment pricing profile quote rating receipt'.split(
    ' ',
  );

/** 12 nodes with 400 slots each of 40 services, some of them in trouble, one during a rollout, one node silent. */
export function large(atMs: number, nodeCount = 12, slotsPerNode = 400): WallState {
  const sketches = WORDS.map(
    (name, index): Sketch => ({
      name,
      kind: name === 'gateway' ? 'edge' : index % 13 === 5 ? 'container' : 'service',
      wanted: (nodeCount * slotsPerNode) / WORDS.length,
      rate: 20 + ((index * 977) % 4_000),
      p95Ms: 3 + ((index * 61) % 400),
    }),
  );
  const nodes = Array.from({ length: nodeCount }, (_, at): SwarmNode => {
    const instances = Array.from({ length: slotsPerNode }, (_, index): SwarmInstance => {
      const { name } = sketches[index % sketches.length]!;
      const slot = at * (slotsPerNode / sketches.length) + Math.floor(index / sketches.length) + 1;
      return instance(
        atMs,
        name,
        slot,
        healthOf(at, index),
        name === 'ledger' && at < 5 ? 'b772e01' : 'a41f09c',
      );
    });
    return {
      name: `node-${at + 1}`,
      role: at < 3 ? 'manager' : 'worker',
      cpu: 0.2 + ((at * 37) % 70) / 100,
      memory: 0.35 + ((at * 23) % 50) / 100,
      seenAtMs: atMs - (at === 7 ? 94 * SECOND : SECOND),
      instances,
    };
  });
  const flows = sketches.flatMap(({ name, rate, p95Ms }, index): Flow[] =>
    [1, 7, 18].map((step) => ({
      from: name,
      to: sketches[(index + step) % sketches.length]!.name,
      requestsPerSecond: rate / step,
      errorShare: index === 9 ? 0.2 : 0,
      p95Ms,
    })),
  );
  return {
    ...calm(atMs),
    app: 'large',
    services: sketches.map((sketch, index) => ({
      ...summary(sketch, index),
      ...(index === 9 && { state: 'degraded', errorShare: 0.2 }),
    })),
    swarm: {
      atMs,
      nodes,
      services: sketches.map(({ name, kind, wanted }) => ({
        name,
        kind,
        wanted,
        ready: wanted,
        versions: name === 'ledger' ? ['a41f09c', 'b772e01'] : ['a41f09c'],
        restarts: 0,
      })),
    },
    flows,
  };
}

function healthOf(node: number, index: number): SwarmInstance['health'] {
  const place = node * 400 + index;
  if (place % 401 === 7) return 'unhealthy';
  if (place % 293 === 11) return 'starting';
  return place % 577 === 3 ? 'stopped' : 'healthy';
}

function machine(atMs: number, sketches: readonly Sketch[]): SwarmNode {
  return {
    name: 'shop-1',
    role: 'machine',
    cpu: 0.34,
    memory: 0.58,
    seenAtMs: atMs - SECOND,
    instances: sketches.flatMap(({ name, wanted }) =>
      Array.from({ length: wanted }, (_, at) => instance(atMs, name, at + 1, 'healthy', 'a41f09c')),
    ),
  };
}

function instance(
  atMs: number,
  service: string,
  slot: number,
  health: SwarmInstance['health'],
  version: string,
): SwarmInstance {
  return {
    id: `${service}-${slot}-${version}`,
    service,
    slot,
    version,
    health,
    isWanted: true,
    startedAtMs: atMs - 3 * 60 * MINUTE,
  };
}

function summary({ name, kind, wanted, rate, p95Ms }: Sketch, index: number): ServiceSummary {
  return {
    name,
    kind,
    state: 'ok',
    requestsPerSecond: rate,
    errorShare: index === 4 ? 0.0004 : 0,
    p50Ms: p95Ms / 3,
    p95Ms,
    wanted,
    ready: wanted,
    restarts: 0,
    version: 'a41f09c',
    history: Array.from({ length: 30 }, (_, at) => rate * (0.8 + 0.2 * Math.sin(at / 4 + index))),
  };
}

function changes(atMs: number): Change[] {
  return [
    {
      id: 5,
      atMs: atMs - 7 * MINUTE,
      kind: 'deploy',
      service: 'tax',
      title: 'tax: a41f09c → b772e01',
      author: 'anna',
    },
    {
      id: 4,
      atMs: atMs - 52 * MINUTE,
      kind: 'flag',
      service: 'shop',
      title: 'shop: new-checkout on for 10 %',
      author: 'bo',
    },
    {
      id: 3,
      atMs: atMs - 3 * 60 * MINUTE,
      kind: 'scale',
      service: 'payments',
      title: 'payments: 2 → 3 instances',
    },
    {
      id: 2,
      atMs: atMs - 5 * 60 * MINUTE,
      kind: 'configuration',
      service: 'catalogue',
      title: 'catalogue: cache of 256 MB',
      author: 'chris',
    },
    {
      id: 1,
      atMs: atMs - 9 * 60 * MINUTE,
      kind: 'restart',
      service: 'receipts',
      title: 'receipts 2 was restarted',
    },
  ];
}
