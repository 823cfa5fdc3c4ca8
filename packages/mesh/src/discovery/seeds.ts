/** Finds peers through known ones: exchanges what both know with each seed over HTTP, at the start, at once
 * when something changes and every PERIOD_MS. Seeds are ordinary services; one may be ourselves. It is for
 * networks that a beacon does not cross. A seed that does not answer is reported and tried again; the others
 * go on. */
import type { Timer } from '@goblin/core';
import { GoblinError } from '@goblin/core';
import { createComplaints } from './complaints.ts';
import type { Finder, FinderContext, RunningFinder } from './finder.ts';
import { EXCHANGE_PATH, exchangeRequest, MAX_EXCHANGE_BYTES } from './peer-exchange.ts';

const PERIOD_MS = 3_000;
/** Each period is up to this share shorter or longer. */
const JITTER = 0.2;
const TIMEOUT_MS = 2_000;
const GOODBYE_TIMEOUT_MS = 500;
const MAX_SEEDS = 64;

/** @param addresses such as `10.0.0.7:4100`, `seed.example:4100`, `[fd00::7]:4100`.
 * @throws CONFIG_INVALID when one is not host:port or there are too many. */
export function seeds(addresses: readonly string[]): Finder {
  if (addresses.length > MAX_SEEDS) {
    throw new GoblinError('CONFIG_INVALID', {
      message: `${addresses.length} seeds are too many: name at most ${MAX_SEEDS}, a few are enough`,
    });
  }
  const urls = addresses.map(seedUrl);
  return { name: 'seeds', start: (context) => startSeeds(context, urls) };
}

/** Reads `host:port, host:port`. @throws CONFIG_INVALID */
export function parseSeedsSetting(text: string): string[] {
  const addresses = text
    .split(',')
    .map((address) => address.trim())
    .filter((address) => address !== '');
  addresses.forEach(seedUrl);
  return addresses;
}

function seedUrl(address: string): string {
  if (!/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):\d{1,5}$/.test(address) || !URL.canParse(`http://${address}`)) {
    throw new GoblinError('CONFIG_INVALID', {
      message: `seed ${JSON.stringify(address)} is not host:port (try 10.0.0.7:4100)`,
    });
  }
  return `http://${address}${EXCHANGE_PATH}`;
}

async function startSeeds(context: FinderContext, urls: readonly string[]): Promise<RunningFinder> {
  // Only who has seeds pays for loading it.
  const { Agent, request } = await import('undici');
  const agent = new Agent({ connections: 1, connect: { timeout: TIMEOUT_MS } });
  const complaints = createComplaints(context.clock, context.log, 'seeds');
  const exchanges = context.metrics.counter('mesh_seed_exchanges_total', {
    help: 'Exchanges of peers with seeds.',
    labels: ['outcome'],
  });
  const succeeded = exchanges.with('ok');
  const failed = exchanges.with('failed');
  const stopping = new AbortController();

  async function exchange(url: string, leaving: boolean, timeoutMs: number): Promise<void> {
    const asked = exchangeRequest(context, leaving);
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const response = await request(url, {
        method: 'POST',
        body: asked.body,
        headers: { 'content-type': 'application/octet-stream' },
        dispatcher: agent,
        signal: leaving ? timeout : AbortSignal.any([timeout, stopping.signal]),
      });
      const answer = await readBody(response.body);
      if (response.statusCode === 403)
        throw new Error('it does not know our key, or clocks differ by more than 30 s');
      if (response.statusCode !== 200) throw new Error(`it answered ${response.statusCode}`);
      if (!asked.accept(answer)) throw new Error('its answer is not sealed with our key');
      succeeded.add();
    } catch (error) {
      failed.add();
      if (!stopping.signal.aborted) complaints.about(`${url} did not exchange peers: ${reasonOf(error)}`);
    }
  }

  const loops = urls.map((url) => seedLoop(context, () => exchange(url, false, TIMEOUT_MS)));
  return {
    announce() {
      for (const loop of loops) loop.now();
    },
    async stop() {
      stopping.abort();
      await Promise.all(loops.map((loop) => loop.stop()));
      await Promise.all(urls.map((url) => exchange(url, true, GOODBYE_TIMEOUT_MS)));
      complaints.close();
      await agent.destroy();
    },
  };
}

interface SeedLoop {
  /** Does it now, or again as soon as the one under way has ended. */
  now(): void;
  stop(): Promise<void>;
}

/** Never two exchanges with one seed at a time, so that they arrive in order. */
function seedLoop({ clock, random }: FinderContext, work: () => Promise<void>): SeedLoop {
  let timer: Timer | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;

  function run(): void {
    timer?.cancel();
    again = false;
    running = work().then(() => {
      running = undefined;
      if (stopped) return;
      if (again) run();
      else timer = clock.after(PERIOD_MS * (1 + JITTER * (2 * random() - 1)), run);
    });
  }
  run();

  return {
    now() {
      if (running) again = true;
      else run();
    },
    async stop() {
      stopped = true;
      timer?.cancel();
      await running;
    },
  };
}

async function readBody(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_EXCHANGE_BYTES) throw new Error(`its answer is larger than ${MAX_EXCHANGE_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  return error.message || (error as NodeJS.ErrnoException).code || error.name;
}
