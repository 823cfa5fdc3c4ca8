/** Durable tasks beside the queues that others use, all on one PostgreSQL (our embedded one, with fsync) and one Redis. Each
 * queue has a process that enqueues and one that works. Within a round all queues are measured in turn, so that a noisy
 * machine disturbs all alike; figures are medians over the rounds. CPU is that of the queue's own process which is at
 * work, without the server's, per task.
 *
 * Tables begin empty in each round. Then one queue after the other gets a full table: so many waiting, so many finished;
 * and last, an old transaction is held while tasks come and go. */
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { progress } from '../progress.ts';
import type { Result } from '../results.ts';
import { type Side, startSide } from '../side.ts';
import type { Target } from '../targets.ts';
import {
  CALLERS,
  CLAIM,
  claiming,
  ENQUEUE,
  EVENTS,
  enqueueing,
  eventLag,
  FEW_WAIT,
  fullTable,
  type Listed,
  MANY_WAIT,
  oldTransaction,
  type Pair,
  WAKE,
  WRITERS,
  waking,
} from './measures.ts';
import type { Place } from './peer.ts';
import { postgresPool, postgresServer } from './postgres-server.ts';
import { redisServer } from './redis-server.ts';
import { print, row, rowsOf, type Samples } from './samples.ts';

export interface TasksOptions {
  readonly rounds: number;
  readonly durationMs: number;
  /** Tasks in a full table. Default 100,000. */
  readonly scale?: number;
  /** Parts of names; all when empty. */
  readonly only: readonly string[];
}

const DEFAULT_SCALE = 100_000;

const PEERS: readonly Listed[] = [
  { name: 'goblin', file: 'goblin', claims: 20_000, fills: true },
  { name: 'goblin keyed', file: 'goblin-keyed', claims: 20_000, fills: true },
  { name: 'pg-boss', file: 'pg-boss', claims: 20_000, fills: true },
  { name: 'pg-boss polling', file: 'pg-boss-polling', claims: 20_000, fills: true },
  { name: 'graphile-worker', file: 'graphile-worker', claims: 20_000, fills: true },
  { name: 'bullmq', file: 'bullmq', claims: 20_000, fills: true },
  { name: 'dbos', file: 'dbos', claims: 1_000, fills: false },
];

const EVENT_PEER: Listed = { name: 'events', file: 'goblin-events', claims: 0, fills: false };

const rate = (what: string, beside: string, target: number, concurrency: number): Target => ({
  row: row(what, 'goblin'),
  beside,
  figure: 'perSecond',
  concurrency,
  is: 'at least',
  target,
});
const below = (
  what: string,
  figure: 'p50Micros' | 'p99Micros',
  target: number,
  concurrency: number,
): Target => ({
  row: row(what, 'goblin'),
  figure,
  concurrency,
  is: 'below',
  target,
});

export { print };
export const reference = '';
export const targets: readonly Target[] = [
  rate(ENQUEUE, row(ENQUEUE, 'pg-boss polling'), 4, CALLERS),
  rate(CLAIM, row(CLAIM, 'graphile-worker'), 1, 1),
  below(WAKE, 'p50Micros', 5_000, 1),
  below(WAKE, 'p99Micros', 30_000, 1),
  below(EVENTS, 'p99Micros', 50_000, WRITERS),
  rate(MANY_WAIT, row(FEW_WAIT, 'goblin'), 0.8, 1),
];

export async function run(options: TasksOptions): Promise<Pick<Result, 'rounds' | 'conditions' | 'rows'>> {
  const load = loadNow();
  await using postgres = await postgresServer();
  await using redis = await redisServer();
  const { folder, url } = postgres;
  const place: Place = { folder, url, redisPort: redis?.port };
  const wanted = PEERS.filter(({ name }) => {
    if (name === 'bullmq' && !redis) {
      console.error('SKIPPED bullmq: redis-server is not installed (apt-get install redis-server)');
      return false;
    }
    return options.only.length === 0 || options.only.some((part) => name.includes(part));
  });
  const pairs: Pair[] = [];
  for (const peer of wanted) pairs.push(await startPair(peer, place));
  const { rounds, durationMs, scale = DEFAULT_SCALE } = options;
  const pool = postgresPool(url);
  // As it would have been by the time that a table is so full.
  const vacuum = async (): Promise<void> => void (await pool.query('vacuum analyze'));
  const filled = pairs.filter(({ fills }) => fills);
  const told = progress(pairs.length * rounds * 3 + filled.length * 2 + 1);
  const samples: Samples = new Map();
  for (let round = 1; round <= rounds; round++) {
    for (const [what, measure] of [
      [ENQUEUE, enqueueing],
      [CLAIM, claiming],
      [WAKE, waking],
    ] as const) {
      for (const pair of pairs) {
        told.step(`round ${round} of ${rounds}, ${what}: ${pair.name}`);
        await measure(pair, samples, durationMs);
      }
    }
  }
  for (const pair of filled) {
    told.step(`${scale} tasks in the table of ${pair.name}`);
    await fullTable(pair, samples, durationMs, rounds, scale, vacuum);
  }
  for (const pair of filled.filter(({ name }) => name !== 'bullmq')) {
    told.step(`an old transaction: ${pair.name}`);
    await oldTransaction(pair, samples, pool);
  }
  const events = await startPair(EVENT_PEER, place);
  told.step(`events by ${WRITERS} writers`);
  for (let round = 1; round <= rounds; round++) await eventLag(events, samples, durationMs);
  told.done();
  for (const { producer, worker } of [...pairs, events]) {
    await worker.close();
    await producer.close();
  }
  await pool.end();
  const conditions = `${durationMs / 1_000} s each; many are ${scale.toLocaleString('en')}; load of the machine ${load} before, ${loadNow()} after`;
  return { rounds, conditions, rows: rowsOf(samples) };
}

/** Processes that want to run, on average over the last minute. */
function loadNow(): string {
  return loadavg()[0]!.toFixed(1);
}

async function startPair(peer: Listed, place: Place): Promise<Pair> {
  const program = join(import.meta.dirname, 'process.ts');
  const start = async (role: string): Promise<Side> =>
    (await startSide(`the ${role} of ${peer.name}`, program, [role, peer.file, JSON.stringify(place)]))[0];
  // The producer makes the tables.
  const producer = await start('producer');
  return { ...peer, producer, worker: await start('worker') };
}
