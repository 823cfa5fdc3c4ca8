/** What telemetry costs at full load: the payments example as `goblin up` runs it, once with everything on (metrics, spans, logs, sent to
 * Palantir, which runs beside) and once without Palantir and without an exporter. Both run at the same time and are loaded in turn, round by
 * round, by customers who pay through the edge: without a pause, and at a pace that both keep. At full load all share the machine's
 * processors, Palantir too, so fewer payments bear what the services do by time; at the same pace they are compared alone.
 *
 * CPU is that of the processes of the services and of the edge, per payment, from the first request until what follows from the last one
 * (settlement, receipt) has come to its end. Palantir's own is a row of its own; that of the database, the acquirer and the supervisor
 * counts for nobody. */
import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Platform, startPlatform } from '../../examples/payments/e2e/platform.fixture.ts';
import { cpuMicrosOf, processesBelow } from '../processes.ts';
import { progress } from '../progress.ts';
import { median, type Result, type Row } from '../results.ts';
import type { Target } from '../targets.ts';

export interface OverheadOptions {
  readonly rounds: number;
  readonly durationMs: number;
}

interface Sample {
  readonly perSecond: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly servicesMicros: number;
  readonly palantirMicros: number;
}

const PROJECT = join(import.meta.dirname, '../../examples/payments');
/** Beside that of the project, because it names folders from where it is. */
const CONFIG_WITHOUT: string = join(PROJECT, 'goblin.without-palantir.config.ts');
const CUSTOMERS = 16;
/** Payments per second. */
const PACE = 30;
/** The acquirer settles after one or two seconds. */
const SETTLES_WITHIN_MS = 4_000;
const WARM_UP_MS = 3_000;
const PALANTIR = 'palantir';
/** Run by `goblin run` too, and no services of ours. */
const OTHERS: ReadonlySet<string> = new Set([PALANTIR, 'acquirer', 'backup']);

const [ON, OFF, OWN] = ['services and edge, all telemetry', 'services and edge, none', 'palantir itself'];
const paced = (name: string): string => `${name}, at ${PACE}/s`;

export const reference: string = OFF;
export const targets: readonly Target[] = [
  [ON, OFF],
  [paced(ON), paced(OFF)],
].map(([row, beside]) => ({
  ...{ row: row!, beside: beside!, figure: 'cpuMicros', concurrency: CUSTOMERS, is: 'at most', target: 1.1 },
}));

export async function run(options: OverheadOptions): Promise<Pick<Result, 'rounds' | 'conditions' | 'rows'>> {
  const { rounds, durationMs } = options;
  const load = loadavg()[0]!;
  const samples = new Map<string, Sample[]>([ON, OFF, paced(ON), paced(OFF)].map((name) => [name, []]));
  try {
    writeFileSync(
      CONFIG_WITHOUT,
      `import payments from './goblin.config.ts';\nexport default { ...payments, palantir: undefined };\n`,
    );
    await using on = await startPlatform();
    await using off = await startPlatform({ config: CONFIG_WITHOUT });
    const both = [
      [ON, on],
      [OFF, off],
    ] as const;
    const told = progress(both.length * (2 * rounds + 1));
    for (const [name, platform] of both) {
      told.step(`warming up: ${name}`);
      await measured(platform, WARM_UP_MS);
    }
    for (let round = 1; round <= rounds; round++) {
      for (const [name, platform] of round % 2 === 0 ? both : both.toReversed()) {
        told.step(`round ${round} of ${rounds}: ${name}`);
        samples.get(name)!.push(await measured(platform, durationMs));
      }
      for (const [name, platform] of round % 2 === 0 ? both : both.toReversed()) {
        told.step(`round ${round} of ${rounds}: ${paced(name)}`);
        samples.get(paced(name))!.push(await measured(platform, durationMs, PACE));
      }
    }
    told.done();
  } finally {
    rmSync(CONFIG_WITHOUT, { force: true });
  }
  const conditions = `${durationMs / 1_000} s each, ${CUSTOMERS} customers; load of the machine ${load.toFixed(1)} before, ${loadavg()[0]!.toFixed(1)} after`;
  const rows = [...samples].map(([name, all]) => rowOf(name, all, ({ servicesMicros }) => servicesMicros));
  const own = [ON, paced(ON)].map((name, i) =>
    rowOf([OWN, paced(OWN)][i]!, samples.get(name)!, ({ palantirMicros }) => palantirMicros),
  );
  return {
    rounds,
    conditions,
    rows: [...rows, ...own],
  };
}

/** @param pace payments per second; as many as there can be by default */
async function measured(platform: Platform, durationMs: number, pace?: number): Promise<Sample> {
  const { services, palantir } = await processesOf(platform);
  const before = [await cpuOf(services), await cpuOf(palantir)];
  const startedAt = performance.now();
  const latencies: number[] = [];
  let begun = 0;
  async function customer(): Promise<void> {
    for (;;) {
      const dueAt = pace === undefined ? performance.now() : startedAt + (begun++ * 1_000) / pace;
      if (dueAt >= startedAt + durationMs) return;
      await pause(Math.max(0, dueAt - performance.now()));
      await pay(platform);
      latencies.push(performance.now() - dueAt);
    }
  }
  await Promise.all(Array.from({ length: CUSTOMERS }, customer));
  const seconds = (performance.now() - startedAt) / 1_000;
  await pause(SETTLES_WITHIN_MS);
  const sorted = Float64Array.from(latencies).sort();
  const quantile = (q: number): number => sorted[Math.floor(q * sorted.length)]! * 1_000;
  return {
    perSecond: sorted.length / seconds,
    p50Micros: quantile(0.5),
    p99Micros: quantile(0.99),
    servicesMicros: ((await cpuOf(services)) - before[0]!) / sorted.length,
    palantirMicros: ((await cpuOf(palantir)) - before[1]!) / sorted.length,
  };
}

async function pay(platform: Platform): Promise<void> {
  const order = {
    amount: { currency: 'EUR', minor: 100 + Math.floor(Math.random() * 10_000) },
    country: 'FR',
    card: { number: '4242424242424242' },
  };
  const answer = await platform.pay(randomUUID(), order);
  const text = await answer.text();
  if (answer.status !== 201) throw new Error(`a payment is answered with ${answer.status} ${text}`);
}

/** Of `goblin up`, by what they run: `goblin run <name>`. */
async function processesOf(platform: Platform): Promise<{ services: number[]; palantir: number[] }> {
  const up = (await processesBelow(process.pid)).find(
    ({ command }) => command.includes('up') && command.includes(platform.dataFolder),
  );
  if (!up) throw new Error('`goblin up` does not run');
  const named = (await processesBelow(up.pid)).flatMap(({ pid, command }) => {
    const at = command.indexOf('run');
    return at < 0 ? [] : [{ pid, name: command[at + 1] ?? '' }];
  });
  const pids = (isWanted: (name: string) => boolean): number[] =>
    named.filter(({ name }) => isWanted(name)).map(({ pid }) => pid);
  return { services: pids((name) => !OTHERS.has(name)), palantir: pids((name) => name === PALANTIR) };
}

async function cpuOf(pids: readonly number[]): Promise<number> {
  const all = await Promise.all(pids.map(cpuMicrosOf));
  return all.reduce((sum, one) => sum + one, 0);
}

function rowOf(name: string, samples: readonly Sample[], cpu: (sample: Sample) => number): Row {
  const middle = (pick: (sample: Sample) => number): number => Math.round(median(samples.map(pick)));
  return {
    name,
    concurrency: CUSTOMERS,
    perSecond: middle(({ perSecond }) => perSecond),
    p50Micros: middle(({ p50Micros }) => p50Micros),
    p99Micros: middle(({ p99Micros }) => p99Micros),
    cpuMicros: middle(cpu),
  };
}
