/** One side of one peer, in a process of its own: `process.ts server <peer>` or `process.ts client <peer> <address>`.
 * The runner steers it over IPC. */
import type { BenchClient, Peer } from './peer.ts';
import { quote } from './peer.ts';

export interface Round {
  readonly calls: number;
  readonly seconds: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
}

export type Order =
  | { readonly id: number; readonly do: 'cpu' }
  | { readonly id: number; readonly do: 'load'; readonly concurrency: number; readonly durationMs: number }
  | { readonly id: number; readonly do: 'close' };

const [role, name, address] = process.argv.slice(2);
const peer = (await import(`./peers/${name}.ts`)) as Peer;

if (role === 'server') {
  const server = await peer.server();
  listen({ close: () => server.close() });
  process.send?.({ id: 0, answer: server.address });
} else {
  const client = await peer.client(address!);
  await check(client);
  listen({
    close: () => client.close(),
    load: (concurrency, durationMs) => load(client, concurrency, durationMs),
  });
  process.send?.({ id: 0, answer: 'ready' });
}

interface Side {
  close(): Promise<void>;
  load?(concurrency: number, durationMs: number): Promise<Round>;
}

function listen(side: Side): void {
  process.on('message', async (order: Order) => {
    let answer: unknown;
    if (order.do === 'cpu') {
      const { user, system } = process.cpuUsage();
      answer = user + system;
    } else if (order.do === 'load') {
      answer = await side.load?.(order.concurrency, order.durationMs);
    } else {
      await side.close();
    }
    process.send?.({ id: order.id, answer }, () => {
      if (order.do === 'close') process.exit(0);
    });
  });
  process.on('disconnect', () => process.exit(1));
}

/** A peer that answers wrongly is not measured. */
async function check(client: BenchClient): Promise<void> {
  const got = await client.call(quote);
  if (got.tax.minor !== 400 || got.reference !== quote.reference) {
    throw new Error(`${name} answered ${JSON.stringify(got)}`);
  }
}

async function load(client: BenchClient, concurrency: number, durationMs: number): Promise<Round> {
  const latencies: number[] = [];
  const startedMs = performance.now();
  const untilMs = startedMs + durationMs;
  async function caller(): Promise<void> {
    for (let now = performance.now(); now < untilMs; ) {
      await client.call(quote);
      const then = performance.now();
      latencies.push(then - now);
      now = then;
    }
  }
  await Promise.all(Array.from({ length: concurrency }, caller));
  const seconds = (performance.now() - startedMs) / 1_000;
  const sorted = Float64Array.from(latencies).sort();
  const quantile = (q: number): number =>
    (sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0) * 1_000;
  return { calls: sorted.length, seconds, p50Micros: quantile(0.5), p99Micros: quantile(0.99) };
}
