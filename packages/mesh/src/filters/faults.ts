/** Injects faults into calls, for tests and game days: latency, errors and aborts, into the calls that match, for a
 * bounded time. After Envoy's fault filter and "Principles of Chaos Engineering" (Basiri et al., IEEE Software 2016).
 *
 * Calls of procedures are struck, plain routes and WebSockets are not. Faults strike in the order in which they were
 * injected: latencies add up, the first error or abort ends the call, and what a fault ends carries its id as
 * `data.fault`. What waits in a fault ends by the call's cancellation or deadline. A fault lifts itself after its time
 * (one minute where none is named, one hour at most): then a delayed call goes on at once and one that hangs fails with
 * CONNECTION_FAILED. Injecting and lifting are logged as warnings. While nothing is injected a call costs one
 * comparison. */
import { type Call, type CallFilter, GoblinError, type Logger, type Metrics } from '@goblin/core';
import { type FaultSide, type FaultSpec, parseFault } from './fault-spec.ts';
import { type FaultParts, InjectedFault, type RunningFault } from './injected-fault.ts';

export type { RunningFault } from './injected-fault.ts';

/** Injected at the same time. */
export const MAX_FAULTS = 100;

export interface Faults {
  /** How many are injected now. */
  readonly size: number;
  /** @throws INVALID_INPUT as `parseFault` does; RESOURCE_EXHAUSTED when MAX_FAULTS are injected already. */
  inject(fault: FaultSpec): RunningFault;
  /** Lifts the fault of that id, or all. Answers those that it lifted: none where there is no such fault. */
  lift(id?: string): readonly RunningFault[];
  /** Those that are injected, the oldest first. */
  list(): readonly RunningFault[];
  /** Strikes the calls of one side. */
  filter(side: FaultSide): CallFilter;
}

export interface FaultsOptions extends FaultParts {
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** @example faults.inject({ match: { contract: 'tax.*', percent: 20 }, effect: { latencyMs: [100, 300] } }) */
export function createFaults(options: FaultsOptions): Faults {
  const { log, metrics } = options;
  const counter = metrics.counter('faults_injected_total', {
    help: 'Calls that an injected fault struck, by what it did to them.',
    labels: ['service', 'side', 'effect'],
  });
  const injected = new Map<string, InjectedFault>();
  let named = 0;

  function end(fault: InjectedFault, why: string): RunningFault {
    injected.delete(fault.id);
    fault.lift();
    const shown = fault.shown();
    log.warn({ fault: shown }, `the fault ${fault.id} is lifted ${why}; it struck ${shown.struck} calls`);
    return shown;
  }

  function nextId(): string {
    do named++;
    while (injected.has(`fault-${named}`));
    return `fault-${named}`;
  }

  async function strike(side: FaultSide, call: Call): Promise<void> {
    for (const fault of [...injected.values()]) {
      if (!fault.hits(side, call)) continue;
      counter.with(call.procedure.contract, side, fault.kind).add();
      await fault.strike(call);
    }
  }

  return {
    get size() {
      return injected.size;
    },
    inject(given) {
      const spec = parseFault(given);
      const id = spec.id ?? nextId();
      const former = injected.get(id);
      if (injected.size >= MAX_FAULTS && !former) {
        const message = `${MAX_FAULTS} faults are injected already: lift some first`;
        throw new GoblinError('RESOURCE_EXHAUSTED', { message });
      }
      if (former) end(former, 'because another takes its place');
      const fault = new InjectedFault(id, spec, options, () => end(fault, 'because its time is over'));
      injected.set(id, fault);
      const shown = fault.shown();
      log.warn({ fault: shown }, `the fault ${id} is injected for ${shown.forMs} ms`);
      return shown;
    },
    lift(id) {
      const lifted = [...injected.values()].filter((fault) => id === undefined || fault.id === id);
      return lifted.map((fault) => end(fault, 'by order'));
    },
    list: () => Array.from(injected.values(), (fault) => fault.shown()),
    filter: (side) => (call, next) =>
      injected.size === 0 ? next(call) : strike(side, call).then(() => next(call)),
  };
}
