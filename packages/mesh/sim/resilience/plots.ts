/** The picture of a scenario: what was answered, how fast, and what was in the servers meanwhile, for one seed. */
import { CAPACITY } from './cluster.ts';
import { BIN_MS, quantile, type Recorder, type Series } from './recorder.ts';
import type { Scenario } from './scenarios.ts';
import { svgOf } from './svg-plot.ts';

const STEP_MS = 500;

export function pictureOf(scenario: Scenario, goblin: Recorder, plain: Recorder): string {
  const { title, lengthMs, fromMs, toMs } = scenario;
  const perSecond = (series: Series): number[] => steps(series, (sum) => (sum * 1_000) / STEP_MS);
  const mean = (series: Series): number[] => steps(series, (sum) => (sum * BIN_MS) / STEP_MS);
  const capacity = new Array<number>(lengthMs / STEP_MS).fill(CAPACITY);
  const offered = perSecond(goblin.calls);
  return svgOf({
    title: `${title[0]!.toUpperCase()}${title.slice(1)}`,
    subtitle: `Simulated: 10 callers, 10 servers that can answer ${CAPACITY.toLocaleString('en')} calls/s together. The trouble is shaded.`,
    description: `Answers per second, latency and calls inside the servers over ${lengthMs / 1_000} s, for Goblin and for a plain client and server.`,
    stepMs: STEP_MS,
    lengthMs,
    fromMs,
    toMs,
    panels: [
      {
        label: 'answers in time per second',
        scale: 'linear',
        lines: [
          ...(scenario.load > 1
            ? [{ label: 'capacity', look: 'reference' as const, values: capacity }]
            : [{ label: 'calls', look: 'reference' as const, values: offered }]),
          { label: 'plain', look: 'theirs', values: perSecond(plain.good) },
          { label: 'Goblin', look: 'ours', values: perSecond(goblin.good) },
        ],
      },
      {
        label: 'latency of answered calls in ms, by when they were made',
        scale: 'log',
        lines: [
          { label: 'plain p99', look: 'theirs', values: latency(plain, lengthMs, 0.99) },
          { label: 'plain p50', look: 'theirs-thin', values: latency(plain, lengthMs, 0.5) },
          { label: 'Goblin p99', look: 'ours', values: latency(goblin, lengthMs, 0.99) },
          { label: 'Goblin p50', look: 'ours-thin', values: latency(goblin, lengthMs, 0.5) },
        ],
      },
      {
        label: 'calls inside all servers',
        scale: 'log',
        lines: [
          { label: 'plain', look: 'theirs', values: mean(plain.inFlight) },
          { label: 'Goblin', look: 'ours', values: mean(goblin.inFlight) },
          { label: 'Goblin’s limit', look: 'ours-thin', values: mean(goblin.limit) },
        ],
      },
    ],
  });
}

function steps(series: Series, value: (sum: number) => number): number[] {
  const size = STEP_MS / BIN_MS;
  return Array.from({ length: Math.floor(series.length / size) }, (_, step) => {
    let sum = 0;
    for (let bin = step * size; bin < (step + 1) * size; bin++) sum += series[bin]!;
    return value(sum);
  });
}

function latency({ madeAt, tookMs }: Recorder, lengthMs: number, share: number): number[] {
  const taken: number[][] = Array.from({ length: lengthMs / STEP_MS }, () => []);
  madeAt.forEach((at, index) => {
    taken[Math.floor(at / STEP_MS)]?.push(tookMs[index]!);
  });
  return taken.map((some) => quantile(Float64Array.from(some).sort(), share));
}
