/** What Palantir knows by itself, as series: its own metrics, and the swarm, so that rules can ask for both. */
import { swarmSamples } from '../alerts/swarm-samples.ts';
import type { Labels } from '../model.ts';
import type { SwarmState } from '../swarm/swarm-state.ts';
import type { Collector, CollectorTools } from './collector.ts';
import { collectorMeter } from './collector-meter.ts';
import { eachPeriod } from './periods.ts';

const NAME = 'own';
const PERIOD_MS = 5_000;

export interface OwnSamplesOptions {
  /** Of its own metrics: `service` and `instance`. */
  readonly target: Labels;
  swarm(): SwarmState;
}

export function ownSamples(
  { store, clock, log, metrics }: CollectorTools,
  { target, swarm }: OwnSamplesOptions,
): Collector {
  const meter = collectorMeter(NAME, metrics, log);

  async function look(): Promise<void> {
    try {
      const text = new TextEncoder().encode(metrics.expose('openmetrics'));
      await store.ingest('openmetrics', text, target);
      const samples = swarmSamples(swarm(), clock.wall());
      await store.append({ samples, logs: [], spans: [], rejected: [] });
      meter.succeeded(NAME);
    } catch (error) {
      meter.failed(NAME, error);
    }
  }

  return { name: NAME, run: (signal) => eachPeriod(clock, PERIOD_MS, signal, look) };
}
