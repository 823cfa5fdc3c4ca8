/** What happens to the cluster in each scenario: a trigger that begins and ends, and what is offered meanwhile. All
 * begin and end with a healthy cluster at half of its capacity. */
import { CAPACITY, type Cluster, SERVERS } from './cluster.ts';
import type { Handlers } from './sim-server.ts';

export interface Scenario {
  readonly name: string;
  /** What happens, as the title of a picture. */
  readonly title: string;
  readonly lengthMs: number;
  /** When the trouble begins and when it is over. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Calls per second offered while it lasts, of the capacity. Otherwise NORMAL_LOAD. */
  readonly load: number;
  /** How often who gets no answer asks again, as people do who press reload. */
  readonly reloads: number;
  readonly handlers: Handlers;
  /** Prepares the trouble. */
  readonly prepare: (cluster: Cluster, scenario: Scenario) => void;
}

export const NORMAL_LOAD = 0.5;
const FROM_MS = 10_000;
/** After the trouble. */
const CALM_MS = 20_000;
const SLOWNESS = 20;
const PAUSE_MS = 200;
const BETWEEN_PAUSES_MS = 3_000;
/** A release of all instances stops one each so often, and starts its replacement so long after. */
const RELEASE_STEP_MS = 2_500;
const RESTART_MS = 1_000;

function scenario(
  name: string,
  title: string,
  seconds: number,
  prepare: Scenario['prepare'],
  changes: Partial<Pick<Scenario, 'load' | 'reloads' | 'handlers'>> = {},
): Scenario {
  const toMs = FROM_MS + seconds * 1_000;
  return {
    name,
    title,
    lengthMs: toMs + CALM_MS,
    fromMs: FROM_MS,
    toMs,
    load: NORMAL_LOAD,
    reloads: 0,
    handlers: 'wait',
    prepare,
    ...changes,
  };
}

export const SCENARIOS: readonly Scenario[] = [
  scenario('calm', 'nothing happens', 30, () => {}),
  scenario('cold-start', 'a cold instance joins, 11 times slower until warm, at 70 % load', 30, coldStart, {
    load: 0.7,
  }),
  scenario('slow-backend', `one of ten is ${SLOWNESS} times slower`, 30, (cluster, { fromMs, toMs }) => {
    const [server] = cluster.servers;
    cluster.at(fromMs, () => {
      server!.slowness = SLOWNESS;
    });
    cluster.at(toMs, () => {
      server!.slowness = 1;
    });
  }),
  scenario('failing-backend', 'one of ten fails every call, at once', 30, (cluster, { fromMs, toMs }) => {
    const [server] = cluster.servers;
    cluster.at(fromMs, () => {
      server!.failing = 'at once';
    });
    cluster.at(toMs, () => {
      server!.failing = 'no';
    });
  }),
  scenario('hung-backend', 'one of ten takes calls and never answers', 30, (cluster, { fromMs, toMs }) => {
    const [server] = cluster.servers;
    cluster.at(fromMs, () => {
      server!.isHung = true;
    });
    cluster.at(toMs, () => server!.unhang());
  }),
  scenario('overload-x2', 'twice the capacity is offered for 30 s', 30, () => {}, { load: 2 }),
  scenario('overload-x10', 'ten times the capacity is offered for 30 s', 30, () => {}, { load: 10 }),
  scenario('overload-compute', 'ten times the capacity for 30 s, of handlers that compute', 30, () => {}, {
    load: 10,
    handlers: 'compute',
  }),
  scenario(
    'retry-storm',
    'every call fails after its work for 10 s, and people ask again',
    10,
    (cluster, { fromMs, toMs }) => {
      cluster.at(fromMs, () => {
        for (const server of cluster.servers) server.failing = 'after work';
      });
      cluster.at(toMs, () => {
        for (const server of cluster.servers) server.failing = 'no';
      });
    },
    { reloads: 3 },
  ),
  scenario(
    'herd',
    'all callers are cut off for 10 s and return at once',
    10,
    (cluster, { fromMs, toMs }) => cluster.at(fromMs, () => cluster.cut(toMs - fromMs)),
    { reloads: 3 },
  ),
  scenario('deploy', 'all instances are replaced, one after the other', 30, deploy),
  scenario('gc-pauses', 'each server stands still for 200 ms every 3 s or so', 30, pauses),
];

export function scenarioNamed(name: string): Scenario | undefined {
  return SCENARIOS.find((one) => one.name === name);
}

/** Half a million calls take seconds to simulate, and in a queue without bounds a minute and a gigabyte: fewer seeds must
 * do. */
export function isFlood({ load }: Scenario): boolean {
  return load > 2;
}

/** Calls per second offered at a time. */
export function offeredBy({ fromMs, toMs, load }: Scenario): (at: number) => number {
  return (at) => CAPACITY * (at >= fromMs && at < toMs ? load : NORMAL_LOAD);
}

function coldStart(cluster: Cluster, { fromMs }: Scenario): void {
  cluster.at(fromMs, () => cluster.start(true));
}

function deploy(cluster: Cluster, { fromMs }: Scenario): void {
  const before = [...cluster.servers];
  for (let i = 0; i < SERVERS; i++) {
    const at = fromMs + i * RELEASE_STEP_MS;
    cluster.at(at, () => cluster.stop(before[i]!));
    cluster.at(at + RESTART_MS, () => cluster.start(true));
  }
}

function pauses(cluster: Cluster, { fromMs, toMs }: Scenario): void {
  const { world } = cluster;
  for (const server of cluster.servers) {
    const pause = (): void => {
      if (world.now >= toMs) return;
      server.pause(PAUSE_MS);
      world.after(PAUSE_MS + world.exponential(BETWEEN_PAUSES_MS), pause);
    };
    cluster.at(fromMs + world.exponential(BETWEEN_PAUSES_MS), pause);
  }
}
