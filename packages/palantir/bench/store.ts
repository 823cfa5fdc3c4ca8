/** How fast the store takes telemetry, how small it keeps it and how fast it answers. Prints one line per figure with its target.
 * CPU of the process stands beside wall time, because others may share the machine.
 * @example node packages/palantir/bench/store.ts [points in millions] [log lines in millions] [spans in millions] */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Batch, Labels, LogLine, Sample, SpanRecord } from '../src/model.ts';
import { openStore } from '../src/store/store.ts';
import type { TelemetryStore } from '../src/store/telemetry-store.ts';

const [millionPoints = 2, millionLines = 0.5, millionSpans = 0.3] = process.argv.slice(2).map(Number);
const NOW = Date.UTC(2026, 5, 15, 20);
const MATCH = [{ label: '__name__', op: '=', value: 'http_server_request_duration_seconds_bucket' }] as const;
const IN_FLIGHT = 4;
const clock = {
  now: () => performance.now(),
  wall: () => NOW,
  after: () => ({ cancel() {} }),
  every: () => ({ cancel() {} }),
};

let seed = 1;
function random(): number {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
  return seed / 2 ** 32;
}

function print(name: string, value: string, target = ''): void {
  console.log(`${name.padEnd(52)} ${value.padStart(24)}   ${target}`);
}

/** 500 series of 10 instances: buckets of histograms, sums, counters, gauges with a few places, noise. */
function seriesOf(): { labels: Labels; next: () => number }[] {
  const all: { labels: Labels; next: () => number }[] = [];
  for (let instance = 0; instance < 10; instance++) {
    const of = { instance: `10.0.0.${instance}:9000`, service: `service-${instance % 4}` };
    let requests = 0;
    const bounds = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '+Inf'];
    for (const method of ['charge', 'refund', 'list']) {
      bounds.forEach((le, i) => {
        let count = 0;
        const next = (): number => (count += Math.floor(random() * (i + 1) * 2));
        all.push({ labels: { __name__: MATCH[0].value, ...of, le, method }, next });
      });
      let sum = 0;
      all.push({
        labels: { __name__: 'http_server_request_duration_seconds_sum', ...of, method },
        next: () => (sum += random() / 50),
      });
    }
    for (let i = 0; i < 8; i++) {
      let level = 50 + i;
      const next = (): number => (level = Math.round((level + random() - 0.5) * 100) / 100);
      all.push({ labels: { __name__: 'process_percent', ...of, kind: `k${i}` }, next });
      all.push({
        labels: { __name__: 'requests_total', ...of, route: `/r${i}` },
        next: () => (requests += Math.floor(random() * 20)),
      });
    }
    all.push({ labels: { __name__: 'up', ...of }, next: () => 1 });
  }
  return all;
}

/** Feeds batches as fast as it goes, or at a pace. */
async function feed<T>(
  store: TelemetryStore,
  batches: Iterable<T>,
  send: (batch: T) => Promise<{ accepted: number }>,
  perSecond = Number.POSITIVE_INFINITY,
  itemsPerBatch = 0,
) {
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const acks: number[] = [];
  let sentItems = 0;
  const open = new Set<Promise<void>>();
  let accepted = 0;
  for (const batch of batches) {
    const dueAt = startedAt + (sentItems / perSecond) * 1_000;
    if (dueAt > performance.now() + 1)
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueAt - performance.now())));
    sentItems += itemsPerBatch;
    const sentAt = performance.now();
    const sent = send(batch).then((answer) => {
      accepted += answer.accepted;
      acks.push(performance.now() - sentAt);
      open.delete(sent);
    });
    open.add(sent);
    if (open.size >= IN_FLIGHT) await Promise.race(open);
  }
  await Promise.all(open);
  const rssMb = process.memoryUsage().rss / 1_048_576;
  await store.seal();
  const wallS = (performance.now() - startedAt) / 1_000;
  const used = process.cpuUsage(cpu);
  acks.sort((one, other) => one - other);
  return {
    rate: accepted / wallS,
    cpuUs: (used.user + used.system) / accepted,
    ackP99: acks[Math.floor(acks.length * 0.99)]!,
    delayP99: delay.percentile(99) / 1e6,
    accepted,
    rssMb,
  };
}

function report(
  what: string,
  { rate, cpuUs, ackP99, delayP99, rssMb }: Awaited<ReturnType<typeof feed>>,
  target: number,
): void {
  print(`ingest, ${what}/s`, Math.round(rate).toLocaleString('en'), `>= ${target.toLocaleString('en')}`);
  print(`  CPU per item of all threads, batches made here`, `${cpuUs.toFixed(2)} us`);
  print('  memory of the process at the end', `${rssMb.toFixed(0)} MB`);
  print(
    `  until acknowledged, p99; delay of this loop, p99`,
    `${ackP99.toFixed(1)}; ${delayP99.toFixed(1)} ms`,
    '<= 50 ms',
  );
}

async function timed<T>(name: string, target: string, work: () => Promise<T>, times = 5): Promise<T> {
  let result: T | undefined;
  const took: number[] = [];
  for (let i = 0; i < times; i++) {
    const startedAt = performance.now();
    result = await work();
    took.push(performance.now() - startedAt);
  }
  const first = took[0]!;
  took.sort((one, other) => one - other);
  print(name, `${took[Math.floor(times / 2)]!.toFixed(1)} (first ${first.toFixed(1)}) ms`, target);
  return result!;
}

async function withStore(work: (store: TelemetryStore) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'palantir-bench-'));
  try {
    await using store = await openStore({ folder, retention: { days: 5, bytes: 1e11 }, clock });
    await work(store);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function metrics(): Promise<void> {
  const series = seriesOf();
  const rounds = Math.floor((millionPoints * 1e6) / series.length);
  const stepMs = 15_000 < (8 * 3_600_000) / rounds ? 15_000 : (8 * 3_600_000) / rounds;
  const from = NOW - Math.floor(rounds * stepMs);
  function* batches(): Generator<Batch> {
    for (let round = 0; round < rounds; round += 10) {
      const samples: Sample[] = [];
      for (let inner = round; inner < Math.min(round + 10, rounds); inner++) {
        const atMs = Math.floor(from + inner * stepMs + random() * 20);
        for (const { labels, next } of series) samples.push({ series: labels, atMs, value: next() });
      }
      yield { samples, logs: [], spans: [], rejected: [] };
    }
  }
  await withStore(async (store) => {
    const { ackP99 } = await feed(
      store,
      batches(),
      (batch) => store.append(batch),
      200_000,
      series.length * 10,
    );
    print('points at a pace of 200,000/s: acknowledged, p99', `${ackP99.toFixed(1)} ms`, '<= 50 ms');
  });
  await withStore(async (store) => {
    const fed = await feed(store, batches(), (batch) => store.append(batch));
    report('points', fed, 200_000);
    print('disk, bytes per point', ((await store.stats()).bytes / fed.accepted).toFixed(2), '<= 4');
    const seconds = await timed('select all points of the buckets', '', () => store.select(MATCH, from, NOW));
    print(
      '  that is, points',
      seconds.reduce((sum, { times }) => sum + times.length, 0).toLocaleString('en'),
    );
    await timed('select the buckets per minute (for a p95)', '< 50 ms', () =>
      store.select(MATCH, from, NOW, { stepMs: 60_000 }),
    );
    await timed('p95 per minute over a raw gauge', '', async () =>
      p95PerMinute(await store.select([{ label: '__name__', op: '=', value: 'process_percent' }], from, NOW)),
    );
    await timed('one series, all points', '', () =>
      store.select(
        [
          ...MATCH,
          { label: 'instance', op: '=', value: '10.0.0.3:9000' },
          { label: 'le', op: '=', value: '1' },
        ],
        from,
        NOW,
      ),
    );
  });
}

function p95PerMinute(series: readonly { times: Float64Array; values: Float64Array }[]): number[] {
  const minutes = new Map<number, number[]>();
  for (const { times, values } of series)
    for (let i = 0; i < times.length; i++) {
      const minute = Math.floor(times[i]! / 60_000);
      const list = minutes.get(minute);
      if (list) list.push(values[i]!);
      else minutes.set(minute, [values[i]!]);
    }
  return Array.from(
    minutes.values(),
    (list) => Float64Array.from(list).sort()[Math.floor(list.length * 0.95)]!,
  );
}

function logLine(i: number, total: number): LogLine {
  const user = Math.floor(random() * 50_000);
  const ms = Math.floor(random() * 400);
  const bodies = [
    `charge accepted for order ${100_000 + i} in ${ms} ms`,
    `GET /v1/orders/${100_000 + i}?expand=lines answered 200 after ${ms} ms, ${Math.floor(random() * 9_000)} bytes`,
    `retrying the call of tax.v1/rates, attempt ${1 + (i % 3)}, because the peer did not answer within 250 ms`,
    `user ${user} signed in from 10.${i % 256}.${user % 256}.7`,
  ];
  return {
    atMs: NOW - Math.floor(((total - i) / total) * 6 * 3_600_000),
    severity: random() < 0.02 ? 17 : 9,
    body: bodies[i % 4]!,
    service: `service-${i % 5}`,
    attributes: {
      requestId: Math.floor(random() * 2 ** 32).toString(16),
      user: String(user),
      'http.route': '/v1/orders/:id',
    },
    ...(i % 2 && {
      traceId: Array.from({ length: 4 }, () =>
        Math.floor(random() * 2 ** 32)
          .toString(16)
          .padStart(8, '0'),
      ).join(''),
      spanId: `${i}`.padStart(16, '0'),
    }),
  };
}

async function logs(): Promise<void> {
  const total = millionLines * 1e6;
  let rawBytes = 0;
  function* batches(): Generator<Batch> {
    for (let i = 0; i < total; i += 1_000) {
      const lines = Array.from({ length: 1_000 }, (_, j) => logLine(i + j, total));
      if (i % 10_000 === 0)
        rawBytes += 10 * lines.reduce((sum, line) => sum + JSON.stringify(line).length, 0);
      yield { samples: [], logs: lines, spans: [], rejected: [] };
    }
    yield {
      samples: [],
      logs: [{ ...logLine(0, total), body: 'needle inahaystack' }],
      spans: [],
      rejected: [],
    };
  }
  await withStore(async (store) => {
    const { ackP99 } = await feed(store, batches(), (batch) => store.append(batch), 50_000, 1_000);
    print('log lines at a pace of 50,000/s: acknowledged, p99', `${ackP99.toFixed(1)} ms`, '<= 50 ms');
  });
  rawBytes = 0;
  await withStore(async (store) => {
    const fed = await feed(store, batches(), (batch) => store.append(batch));
    report('log lines', fed, 100_000);
    const { bytes } = await store.stats();
    print(
      'disk, share of raw JSON',
      `${((bytes / rawBytes) * 100).toFixed(1)} % (${(bytes / fed.accepted).toFixed(0)} B/line)`,
      '<= 25 %',
    );
    const first = async (query: object): Promise<void> => {
      for await (const _ of store.searchLogs({ fromMs: 0, toMs: NOW, ...query })) return;
    };
    await timed(`a rare word in ${millionLines} M lines, first line`, '< 1 s per 10 M', () =>
      first({ words: ['inahaystack'] }),
    );
    await timed('a frequent word, first line', '', () => first({ words: ['accepted'] }));
    await timed('a word that is nowhere', '', () => first({ words: ['nowhere'] }));
    await timed('part of a word, nowhere (no filter helps)', '', () => first({ contains: ['ayst4ck'] }), 1);
    await timed('errors per minute', '', () => store.logCounts({ fromMs: 0, toMs: NOW, severity: 17 }));
  });
}

async function traces(): Promise<void> {
  const perTrace = 8;
  const total = Math.floor((millionSpans * 1e6) / perTrace);
  const id = (trace: number): string =>
    (Math.imul(trace, 2_654_435_761) >>> 0).toString(16).padStart(32, '7');
  const randomHex = (): string =>
    Math.floor(random() * 2 ** 48)
      .toString(16)
      .padStart(16, 'a');
  function* batches(): Generator<Batch> {
    for (let i = 0; i < total; i += 100) {
      const spans: SpanRecord[] = [];
      for (let trace = i; trace < Math.min(i + 100, total); trace++) {
        const root = randomHex();
        const startNs = BigInt(NOW - (total - trace)) * 1_000_000n;
        for (let span = 0; span < perTrace; span++)
          spans.push({
            traceId: id(trace),
            spanId: span ? randomHex() : root,
            ...(span && { parentId: root }),
            name: `${['GET /v1/orders/:id', 'tax.v1/rates', 'SELECT orders', 'acquirer.charge'][span % 4]}`,
            kind: span % 2 ? 'client' : 'server',
            service: `service-${span % 5}`,
            startNs: startNs + BigInt(Math.floor(random() * 1e6)),
            durationNs: Math.floor(random() * 2e7),
            status: random() < 0.01 ? 'error' : 'unset',
            attributes: {
              'http.request.method': 'GET',
              'http.response.status_code': '200',
              'server.address': `10.0.0.${span}`,
              'user.id': String(Math.floor(random() * 1e5)),
            },
            events: [],
            links: [],
          });
      }
      yield { samples: [], logs: [], spans, rejected: [] };
    }
  }
  await withStore(async (store) => {
    const fed = await feed(store, batches(), (batch) => store.append(batch));
    report('spans', fed, 60_000);
    print('disk, bytes per span', ((await store.stats()).bytes / fed.accepted).toFixed(0));
    let next = 1;
    await timed('trace by id', '< 5 ms', () => store.trace(id((next++ * 7_919) % total)), 30);
    await timed('search: one service, slow, failed', '', () =>
      store.searchTraces({ fromMs: 0, toMs: NOW, service: 'service-3', minDurationMs: 18, error: true }),
    );
    await timed('search: an attribute', '', () =>
      store.searchTraces({ fromMs: 0, toMs: NOW, attributes: { 'user.id': '4242' } }),
    );
  });
}

if (millionPoints > 0) await metrics();
if (millionLines > 0) await logs();
if (millionSpans > 0) await traces();
