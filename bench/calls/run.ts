/** What a call costs, beside others: two processes, about 200 bytes of JSON each way, everything switched on as a
 * user runs it. All peers are measured in turn within each round, so that a noisy machine disturbs all alike;
 * figures are medians over the rounds, CPU is that of both processes (`process.cpuUsage`). */
import { join } from 'node:path';
import { progress } from '../progress.ts';
import { median, type Result, type Row } from '../results.ts';
import { type Side, startSide } from '../side.ts';
import type { Target } from '../targets.ts';
import type { Round } from './process.ts';

export interface CallsOptions {
  readonly rounds: number;
  readonly durationMs: number;
  readonly concurrencies: readonly number[];
  /** Parts of names; all when empty. */
  readonly only: readonly string[];
}

const PEERS: readonly (readonly [name: string, file: string])[] = [
  ['raw frames json', 'raw-frames-json'],
  ['node http undici', 'node-http-undici'],
  ['goblin link', 'goblin-link'],
  ['goblin link unix', 'goblin-link-unix'],
  ['goblin link mtls', 'goblin-link-mtls'],
  ['goblin http', 'goblin-http'],
  ['fastify undici', 'fastify-undici'],
  ['moleculer', 'moleculer'],
  ['moleculer observed', 'moleculer-observed'],
  ['nestjs tcp', 'nestjs-tcp'],
  ['grpc-js', 'grpc-js'],
  ['trpc', 'trpc'],
  ['connect-node', 'connect-node'],
];

/** What the last column of the table is a multiple of. */
export const reference = 'raw frames json';

const atMost = (row: string, beside: string, target: number): Target => ({
  row,
  beside,
  figure: 'cpuMicros',
  concurrency: 64,
  is: 'at most',
  target,
});
const lessThan = (beside: string, target: number): Target => ({
  ...atMost('goblin link', beside, target),
  is: 'less by',
});

export const targets: readonly Target[] = [
  atMost('goblin link', 'raw frames json', 1.35),
  lessThan('nestjs tcp', 3.5),
  lessThan('moleculer', 4),
  lessThan('moleculer observed', 8),
  lessThan('grpc-js', 15),
  lessThan('trpc', 30),
  lessThan('connect-node', 30),
  atMost('goblin link mtls', 'goblin link', 1.15),
  { ...atMost('goblin link', 'raw frames json', 1.5), figure: 'p50Micros', concurrency: 1 },
  atMost('goblin http', 'node http undici', 1.25),
];

const PROGRAM = join(import.meta.dirname, 'process.ts');
const WARM_UP_MS = 1_500;

interface Pair {
  readonly name: string;
  readonly server: Side;
  readonly client: Side;
}

export async function run(options: CallsOptions): Promise<Pick<Result, 'rounds' | 'rows'>> {
  const wanted = PEERS.filter(
    ([name]) => options.only.length === 0 || options.only.some((part) => name.includes(part)),
  );
  if (wanted.length === 0) {
    const names = PEERS.map(([name]) => name).join(', ');
    console.error(`--only ${options.only.join(',')}: no row has that in its name; there are ${names}`);
    process.exit(2);
  }
  const { concurrencies, rounds } = options;
  const pairs: Pair[] = [];
  for (const [name, file] of wanted) pairs.push(await startPair(name, file));
  const samples = new Map<string, { round: Round; cpuMicros: number }[]>();
  const told = progress(pairs.length * (1 + rounds * concurrencies.length));
  for (const pair of pairs) {
    told.step(`${pair.name} warms up`);
    await measure(pair, 64, WARM_UP_MS);
  }
  for (let round = 1; round <= rounds; round++) {
    for (const concurrency of concurrencies) {
      for (const pair of pairs) {
        told.step(`round ${round} of ${rounds}, ${pair.name}, ${concurrency} in flight`);
        const sample = await measure(pair, concurrency, options.durationMs);
        const key = `${pair.name}|${concurrency}`;
        samples.set(key, [...(samples.get(key) ?? []), sample]);
      }
    }
  }
  told.done();
  for (const pair of pairs) {
    await pair.client.close();
    await pair.server.close();
  }
  const rows: Row[] = [...samples].map(([key, list]) => {
    const [name, concurrency] = key.split('|');
    const middle = (pick: (sample: (typeof list)[number]) => number): number =>
      Math.round(median(list.map(pick)) * 100) / 100;
    return {
      name: name!,
      concurrency: Number(concurrency),
      perSecond: Math.round(median(list.map(({ round }) => round.calls / round.seconds))),
      p50Micros: middle(({ round }) => round.p50Micros),
      p99Micros: middle(({ round }) => round.p99Micros),
      cpuMicros: middle(({ cpuMicros }) => cpuMicros),
    };
  });
  return { rounds, rows };
}

async function measure(
  pair: Pair,
  concurrency: number,
  durationMs: number,
): Promise<{ round: Round; cpuMicros: number }> {
  const cpu = async (): Promise<number> => {
    const both = await Promise.all([
      pair.server.ask<number>({ do: 'cpu' }),
      pair.client.ask<number>({ do: 'cpu' }),
    ]);
    return both[0] + both[1];
  };
  const before = await cpu();
  const round = await pair.client.ask<Round>({ do: 'load', concurrency, durationMs });
  return { round, cpuMicros: ((await cpu()) - before) / round.calls };
}

async function startPair(name: string, file: string): Promise<Pair> {
  const [server, address] = await startSide(`the server of ${name}`, PROGRAM, ['server', file]);
  const [client] = await startSide(`the client of ${name}`, PROGRAM, ['client', file, address]);
  return { name, server, client };
}
