/** The process that sends: `sender.ts <kind> <from> <every>`. Bodies are made before they are sent, so that what is measured is the
 * receiver; this process' CPU counts for nobody. */
import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { type Body, bodyMaker, type Kind } from './bodies.ts';

export interface Sent {
  readonly items: number;
  readonly rawBytes: number;
  readonly seconds: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
}

export interface SendOrder {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly inFlight: number;
  /** It ends when all bodies are sent, too. */
  readonly durationMs: number;
  /** Items per second; as fast as it goes where it is left out. A request is due at its time: what waits for others has waited. */
  readonly pace?: number;
}

type Order = { readonly id: number } & (
  | { readonly do: 'prepare'; readonly bodies: number }
  | ({ readonly do: 'send' } & SendOrder)
  | { readonly do: 'close' }
);

const MICROS = 1_000;

const [kind, from, every] = process.argv.slice(2);
const make = bodyMaker(kind as Kind, Number(from), Number(every));
let ready: Body[] = [];

process.on('message', async (order: Order) => {
  if (order.do === 'close') process.exit(0);
  const answer = order.do === 'prepare' ? prepare(order) : await send(order);
  process.send?.({ id: order.id, answer });
});
process.on('disconnect', () => process.exit(1));
process.send?.({ id: 0, answer: 'ready' });

function prepare({ bodies }: { bodies: number }): undefined {
  while (ready.length < bodies) ready.push(make());
}

async function send({ url, headers, inFlight, durationMs, pace }: SendOrder): Promise<Sent> {
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
  const latencies: number[] = [];
  const startedAt = performance.now();
  let [begun, items, rawBytes] = [0, 0, 0];
  async function one(): Promise<void> {
    for (;;) {
      const body = ready[begun];
      if (!body) return;
      begun += 1;
      const dueAt =
        pace === undefined ? performance.now() : startedAt + ((begun - 1) * body.items * 1_000) / pace;
      if (Math.max(dueAt, performance.now()) >= startedAt + durationMs) {
        begun -= 1;
        return;
      }
      if (dueAt > performance.now()) await pause(dueAt - performance.now());
      await post(agent, url, headers, body.bytes);
      latencies.push(performance.now() - dueAt);
      items += body.items;
      rawBytes += body.rawBytes;
    }
  }
  await Promise.all(Array.from({ length: inFlight }, one));
  const seconds = (performance.now() - startedAt) / 1_000;
  agent.destroy();
  ready = ready.slice(begun);
  const sorted = Float64Array.from(latencies).sort();
  const quantile = (q: number): number => (sorted[Math.floor(q * sorted.length)] ?? 0) * MICROS;
  return { items, rawBytes, seconds, p50Micros: quantile(0.5), p99Micros: quantile(0.99) };
}

function post(agent: Agent, url: string, headers: SendOrder['headers'], body: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const all = { ...headers, 'content-length': body.length };
    const asked = request(url, { method: 'POST', agent, headers: all }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += text.length < 1_000 ? chunk.toString('latin1') : ''));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode = 0 } = response;
        // An answer of OTLP that is not empty says that something was refused.
        if (statusCode < 300 && text.length < 4) resolve();
        else reject(new Error(`${url} answers ${statusCode}: ${text}`));
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
