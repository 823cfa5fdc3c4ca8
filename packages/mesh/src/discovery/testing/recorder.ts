/** For tests: telemetry that keeps what was logged and counted, and the parts a finder is started with. */
import {
  type Clock,
  type InstrumentOptions,
  type Logger,
  type Metrics,
  systemClock,
  type Telemetry,
} from '@goblin/core';
import type { Announcement } from '../../peer.ts';
import { clusterKey } from '../cluster-key.ts';
import { createDirectory, type Directory } from '../directory.ts';
import type { ClusterKey, FinderContext } from '../finder.ts';

export const SECRET = 'a secret for tests, not for clusters';

export interface Recorder extends Telemetry {
  /** The messages of warnings and errors. */
  readonly warnings: string[];
  /** Names, help and labels of what was declared. */
  readonly declared: Map<string, InstrumentOptions>;
  /** What a counter has, such as `mesh_retries_total{tax.v1,SLOW}`; an observed value is read now. */
  value(series: string): number;
}

export function recorder(): Recorder {
  const warnings: string[] = [];
  const values = new Map<string, number>();
  const declared = new Map<string, InstrumentOptions>();
  const observers: (() => void)[] = [];
  const seriesName = (name: string, labels: readonly string[]): string =>
    labels.length === 0 ? name : `${name}{${labels.join(',')}}`;
  const quiet = (): void => {};
  const instrument = (name: string, options: InstrumentOptions) => ({
    declared: declared.set(name, options),
    with: (...labels: string[]) => {
      const series = seriesName(name, labels);
      return {
        add: (amount = 1) => values.set(series, (values.get(series) ?? 0) + amount),
        set: (value: number) => values.set(series, value),
        record: () => values.set(series, (values.get(series) ?? 0) + 1),
      };
    },
  });
  const metrics = {
    counter: instrument,
    gauge: instrument,
    histogram: instrument,
    observe(
      name: string,
      options: InstrumentOptions,
      read: (set: (value: number, ...labels: string[]) => void) => void,
    ) {
      declared.set(name, options);
      observers.push(() => read((value, ...labels) => values.set(seriesName(name, labels), value)));
      return { [Symbol.dispose]: quiet };
    },
  } as unknown as Metrics;
  const warn = (first: unknown, second?: string): void => void warnings.push(second ?? String(first));
  const log = {
    trace: quiet,
    debug: quiet,
    info: quiet,
    warn,
    error: warn,
    fatal: warn,
    child: () => log,
  } as unknown as Logger;
  const span = {
    context: { traceId: '0'.repeat(32), spanId: '0'.repeat(16), sampled: false },
    set: quiet,
    fail: quiet,
    end: quiet,
  };
  return {
    warnings,
    declared,
    value(series) {
      for (const observe of observers) observe();
      return values.get(series) ?? 0;
    },
    log,
    metrics,
    tracer: { start: () => span } as unknown as Telemetry['tracer'],
  };
}

export function announcement(instance: string, changes: Partial<Announcement> = {}): Announcement {
  return {
    instance,
    service: instance.split('-')[0],
    version: '1',
    contracts: [`${instance.split('-')[0]}.v1`],
    address: { host: '127.0.0.1', port: 4_000 },
    state: 'ready',
    incarnation: 1,
    startedAt: 0,
    ...changes,
  };
}

/** What a finder needs, with a directory of its own. */
export interface TestProcess extends FinderContext {
  self: () => Announcement;
  readonly directory: Directory;
  readonly telemetry: Recorder;
}

export function testProcess(
  self: Announcement,
  options: { clock?: Clock; key?: ClusterKey; random?: () => number } = {},
): TestProcess {
  const clock = options.clock ?? systemClock;
  const telemetry = recorder();
  let sequence = 0;
  return {
    self: () => self,
    directory: createDirectory({ clock, log: telemetry.log, metrics: telemetry.metrics }),
    clusterKey: options.key ?? clusterKey({ cluster: 'tests', secret: SECRET }),
    nextSequence: () => ++sequence,
    members: () => 1,
    listensAt: () => false,
    isMember: () => false,
    contact: () => Promise.reject(new Error('nobody is there')),
    random: options.random ?? Math.random,
    clock,
    log: telemetry.log,
    metrics: telemetry.metrics,
    telemetry,
  };
}

/** Far longer than anything takes, on a busy machine too: it only makes a failing test end. */
const PATIENCE_MS = 30_000;

/** Resolves once `condition` holds. @throws after 30 s, naming what was waited for. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${PATIENCE_MS} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
