/** One side of one queue in a process of its own: `process.ts producer|worker <peer> <place as JSON>`. */
import { setTimeout as pause } from 'node:timers/promises';
import { BATCH, nowMs, type Payload, type Peer, type Place, payload } from './peer.ts';

export interface Round {
  readonly count: number;
  readonly seconds: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly cpuMicros: number;
}

/** What a worker answers: from its first handler on, on the machine's clock. */
export interface Ran extends Round {
  readonly firstMs: number;
}

type Order = { readonly id: number } & (
  | { readonly do: 'enqueue'; readonly callers: number; readonly durationMs: number }
  | { readonly do: 'enqueue batches'; readonly durationMs: number }
  | { readonly do: 'fill'; readonly count: number }
  | { readonly do: 'pace'; readonly callers: number; readonly count: number; readonly everyMs: number }
  | { readonly do: 'empty' | 'finished' | 'start' | 'drain' | 'stop' | 'close' }
  | { readonly do: 'ran'; readonly count: number }
);

const FINISHED_POLL_MS = 20;
/** Callers that fill a queue which takes no batches. */
const FILL_CALLERS = 32;
/** Tasks that have not run by then never will. */
const RUN_TIMEOUT_MS = 300_000;
/** A worker that has run nothing for so long has nothing left. */
const QUIET_MS = 2_000;

const [role, name, place] = process.argv.slice(2);
const peer = (await import(`./peers/${name}.ts`)) as Peer;
const where = JSON.parse(place!) as Place;
const obey = role === 'producer' ? await producing() : await working();

process.on('message', async (order: Order) => {
  const answer = await obey(order);
  process.send?.({ id: order.id, answer }, () => {
    if (order.do === 'close') process.exit(0);
  });
});
process.on('disconnect', () => process.exit(1));
process.send?.({ id: 0, answer: 'ready' });

async function producing(): Promise<(order: Order) => Promise<unknown>> {
  const producer = await peer.producer(where);
  return async (order) => {
    switch (order.do) {
      case 'enqueue':
        return measured(1, order.callers, order.durationMs, () => producer.enqueue(payload()));
      case 'enqueue batches':
        if (!producer.enqueueMany) return undefined;
        return measured(BATCH, 1, order.durationMs, () => producer.enqueueMany!(payloads(BATCH)));
      case 'fill':
        return fill(order.count);
      case 'pace':
        return each(order.count, order.callers, async () => {
          await producer.enqueue(payload());
          await pause(order.everyMs);
        });
      case 'finished':
        while (await producer.unfinished()) await pause(FINISHED_POLL_MS);
        return nowMs();
      case 'empty':
        return producer.empty();
      default:
        return producer.close();
    }
  };

  async function fill(count: number): Promise<void> {
    const { enqueueMany } = producer;
    if (!enqueueMany) return each(count, FILL_CALLERS, () => producer.enqueue(payload()));
    for (let left = count; left > 0; left -= BATCH) await enqueueMany(payloads(Math.min(BATCH, left)));
  }
}

async function working(): Promise<(order: Order) => Promise<unknown>> {
  const worker = await peer.worker(where);
  let seen = new Set<number>();
  let latencies: number[] = [];
  let firstMs = 0;
  let lastMs = 0;
  let cpuMicros = 0;
  let enough: { readonly count: number; resolve(): void } | undefined;
  function ran({ id, at }: Payload): void {
    if (seen.has(id)) return;
    seen.add(id);
    lastMs = nowMs();
    if (latencies.length === 0) {
      firstMs = lastMs;
      cpuMicros = cpu();
    }
    latencies.push(lastMs - at);
    if (latencies.length === enough?.count) enough.resolve();
  }
  return async (order) => {
    switch (order.do) {
      case 'start':
        seen = new Set();
        latencies = [];
        return worker.start(ran);
      case 'ran': {
        const { count } = order;
        const done = Promise.withResolvers<void>();
        enough = { count, resolve: done.resolve };
        const late = setTimeout(
          () => done.reject(new Error(`${latencies.length} of ${count} tasks have run`)),
          RUN_TIMEOUT_MS,
        );
        if (latencies.length < count) await done.promise;
        clearTimeout(late);
        enough = undefined;
        const seconds = (nowMs() - firstMs) / 1_000;
        const round = roundOf(latencies.slice(0, count), seconds, cpu() - cpuMicros);
        latencies = [];
        return { ...round, firstMs };
      }
      case 'drain':
        lastMs = nowMs();
        while (nowMs() - lastMs < QUIET_MS) await pause(QUIET_MS / 10);
        return undefined;
      case 'stop':
        return worker.stop();
      default:
        return worker.close();
    }
  };
}

async function measured(
  size: number,
  callers: number,
  durationMs: number,
  work: () => Promise<void>,
): Promise<Round> {
  const latencies: number[] = [];
  const cpuBefore = cpu();
  const startedMs = nowMs();
  const untilMs = startedMs + durationMs;
  async function caller(): Promise<void> {
    for (let now = nowMs(); now < untilMs; ) {
      await work();
      const then = nowMs();
      latencies.push(then - now);
      now = then;
    }
  }
  await Promise.all(Array.from({ length: callers }, caller));
  const seconds = (nowMs() - startedMs) / 1_000;
  const round = roundOf(latencies, seconds, cpu() - cpuBefore);
  return { ...round, count: round.count * size, cpuMicros: round.cpuMicros / size };
}

function roundOf(latencies: readonly number[], seconds: number, cpuMicros: number): Round {
  const sorted = Float64Array.from(latencies).sort();
  const quantile = (q: number): number =>
    (sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0) * 1_000;
  return {
    count: sorted.length,
    seconds,
    p50Micros: quantile(0.5),
    p99Micros: quantile(0.99),
    cpuMicros: cpuMicros / sorted.length,
  };
}

/** So many times, by so many callers. */
async function each(count: number, callers: number, work: () => Promise<void>): Promise<void> {
  let left = count;
  const caller = async (): Promise<void> => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

function payloads(count: number): Payload[] {
  return Array.from({ length: count }, payload);
}

function cpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
