/** What real receivers answer when they are asked for what was exported to them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createConfig, systemClock, testTelemetry } from '@goblin/core';
import { clusterKey, startHost } from '@goblin/mesh';
import { HEALTH_STATUS } from '../collect/docker/container-samples.ts';
import type { Labels, Sample } from '../model.ts';
import { queryInstant, queryRange } from '../query/promql/engine.ts';
import { palantir } from '../service.ts';
import { temporaryFolder } from '../store/fixtures/folder.ts';
import { seededRandom } from '../store/fixtures/random.ts';
import { batch, logLine, NOON_MS, sample, spanRecord } from '../store/fixtures/telemetry.ts';
import { openStore } from '../store/store.ts';
import type { TelemetryStore } from '../store/telemetry-store.ts';
import { federateRoute } from './federate-route.ts';
import { exporting } from './testing/exporting.ts';
import {
  INFLUX,
  influxdb,
  missing,
  PROMETHEUS,
  prometheus,
  type RealServer,
  VICTORIA,
  victoriaMetrics,
} from './testing/real-servers.ts';

const STEP_MS = 10_000;
const STEPS = 60;
const END_MS = NOON_MS + STEPS * STEP_MS;
const BOUNDS = ['0.1', '1', '+Inf'];
const QUERIES = [
  'requests_total',
  'sum by (service) (requests_total)',
  'topk(2, temperature)',
  'histogram_quantile(0.9, sum by (le) (request_seconds_bucket))',
  'count({service="tax"})',
  'max_over_time(temperature[5m])',
  'requests_total{code=~"5.."} / ignoring(code) requests_total{code="200"}',
];
/** Where VictoriaMetrics means something else: it does not extrapolate. */
const RATES = ['rate(requests_total[1m])', 'increase(request_seconds_count[5m])', 'delta(temperature[2m])'];
const PATIENCE_MS = 40_000;
const TOKEN = 'for-tests';

/** Ten minutes of two services. */
function samples(): Sample[] {
  const random = seededRandom(3);
  const all: Sample[] = [];
  for (const service of ['tax', 'shop']) {
    const totals = [0, 0];
    const buckets = [0, 0, 0];
    let sum = 0;
    for (let step = 0; step < STEPS; step += 1) {
      const atMs = NOON_MS + step * STEP_MS;
      const add = (labels: Labels, value: number): void =>
        void all.push(sample({ service, instance: `${service}-1`, ...labels }, atMs, value));
      for (const [i, code] of ['200', '500'].entries()) {
        totals[i]! += random(20);
        add({ __name__: 'requests_total', code }, totals[i]!);
      }
      const observed = random(9);
      sum += observed / 10;
      for (const [i, le] of BOUNDS.entries()) {
        buckets[i]! += observed * (i + 1);
        add({ __name__: 'request_seconds_bucket', le }, buckets[i]!);
      }
      add({ __name__: 'request_seconds_count' }, buckets[2]!);
      add({ __name__: 'request_seconds_sum' }, sum);
      add({ __name__: 'temperature', room: 'ü "1"' }, random(400) / 7);
    }
  }
  return all;
}

type Points = readonly (readonly [atMs: number, value: number])[];

function comparable(all: Iterable<readonly [Labels, Points]>): string[] {
  return Array.from(all, ([labels, points]) => {
    const rounded = points.map(([atMs, value]) => [atMs, Number(value.toPrecision(10))]);
    return JSON.stringify([Object.entries(labels).sort(), rounded]);
  }).sort();
}

async function ownAnswers(store: TelemetryStore, query: string): Promise<string[]> {
  const instant = await queryInstant(store, query, END_MS, {});
  const range = await queryRange(store, query, { fromMs: NOON_MS, toMs: END_MS, stepMs: 30_000 }, {});
  return [instant, range].flatMap(({ series }) =>
    comparable(series.map(({ labels, points }) => [labels, points.map(([atMs, value]) => [atMs, value])])),
  );
}

interface Answer {
  readonly data: {
    readonly result: readonly { metric: Labels; value?: [number, string]; values?: [number, string][] }[];
  };
}

async function theirAnswers(
  url: string,
  query: string,
  headers: Record<string, string> = {},
): Promise<string[]> {
  const asked = [
    ['query', { query, time: END_MS / 1_000 }],
    ['query_range', { query, start: NOON_MS / 1_000, end: END_MS / 1_000, step: 30 }],
  ] as const;
  const found: string[][] = [];
  for (const [path, params] of asked) {
    const text = new URLSearchParams(Object.entries(params).map(([name, value]) => [name, String(value)]));
    const response = await fetch(`${url}/api/v1/${path}?${text}`, { headers });
    assert.equal(response.status, 200, await response.clone().text());
    const { data } = (await response.json()) as Answer;
    found.push(
      comparable(
        data.result.map(({ metric, value, values }) => [
          metric,
          (values ?? [value!]).map(([at, text]) => [Math.round(at * 1_000), Number(text)]),
        ]),
      ),
    );
  }
  return found.flat();
}

async function eventually(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; !(await holds()); await pause(50))
    assert.ok(Date.now() < deadline, what);
}

async function exported(settings: Parameters<typeof exporting>[0], all: readonly Sample[]) {
  const one = await exporting(settings);
  await one.store.append(batch({ samples: all }));
  await one.until(() => one.count('export_sent_total') >= all.length);
  assert.equal(one.count('export_skipped_total'), 0);
  return one;
}

test('a real Prometheus that is written to remotely answers every query as Palantir does', {
  skip: missing(PROMETHEUS, 'prometheus'),
}, async () => {
  await using server = await prometheus();
  await using one = await exported(
    { kind: 'remoteWrite', name: 'prometheus', url: `${server.url}/api/v1/write` },
    samples(),
  );
  for (const query of [...QUERIES, ...RATES])
    assert.deepEqual(await theirAnswers(server.url, query), await ownAnswers(one.store, query), query);
});

test('a real Prometheus that is written to remotely answers the same about exemplars', {
  skip: missing(PROMETHEUS, 'prometheus'),
}, async () => {
  await using server = await prometheus();
  await using one = await exporting({
    kind: 'remoteWrite',
    name: 'prometheus',
    url: `${server.url}/api/v1/write`,
  });
  const all = samples();
  const exemplars = all
    .filter(({ series: { __name__: name, le } }) => name === 'request_seconds_bucket' && le !== '+Inf')
    .filter((_, i) => i % 5 === 0)
    .map(({ series, atMs, value }) => ({
      ...{ series, atMs: atMs - 1_500, value: value / 3 },
      labels: { trace_id: atMs.toString(16).padStart(32, '0'), span_id: 'b7ad6b7169203331' },
    }));
  await one.store.append(batch({ samples: all, exemplars }));
  await one.until(() => one.count('export_sent_total') >= all.length);
  const asked = new URLSearchParams({
    query: 'request_seconds_bucket',
    start: String(NOON_MS / 1_000),
    end: String(END_MS / 1_000),
  });
  const { data } = (await (await fetch(`${server.url}/api/v1/query_exemplars?${asked}`)).json()) as {
    data: { seriesLabels: Labels; exemplars: { labels: Labels; value: string; timestamp: number }[] }[];
  };
  const [name] = [{ label: '__name__', op: '=', value: 'request_seconds_bucket' }] as const;
  const own = await one.store.exemplars([name], NOON_MS, END_MS);
  assert.ok(own.flatMap((series) => series.exemplars).length > 20);
  const sorted = (labels: Labels) => Object.entries(labels).sort();
  const inOrder = (lists: readonly (readonly [Labels, readonly unknown[]])[]): string[] =>
    lists.map(([labels, list]) => JSON.stringify([sorted(labels), list])).sort();
  assert.deepEqual(
    inOrder(
      data.map(({ seriesLabels, exemplars: list }) => [
        seriesLabels,
        list.map(({ labels, value, timestamp }) => [
          sorted(labels),
          Number(value),
          Math.round(timestamp * 1_000),
        ]),
      ]),
    ),
    inOrder(
      own.map(({ series, exemplars: list }) => [
        series,
        list.map(({ labels, value, atMs }) => [sorted(labels), value, atMs]),
      ]),
    ),
  );
});

test('a real VictoriaMetrics that is written to remotely has every sample and answers as Palantir does', {
  skip: missing(VICTORIA, 'victoria-metrics'),
}, async () => {
  await using server = await victoriaMetrics();
  await using one = await exported(
    { kind: 'remoteWrite', name: 'victoria', url: `${server.url}/api/v1/write` },
    samples(),
  );
  const all = await one.store.select([], NOON_MS, END_MS);
  const own = comparable(
    all.map(({ labels, times, values }) => [labels, [...times].map((at, i) => [at, values[i]!])]),
  );
  const asked = new URLSearchParams({
    'match[]': '{__name__!=""}',
    start: String(NOON_MS / 1_000),
    end: String(END_MS / 1_000),
    reduce_mem_usage: '1',
  });
  const theirs = async (): Promise<string[]> => {
    const text = await (await fetch(`${server.url}/api/v1/export?${asked}`)).text();
    const lines = text.trim().split('\n').filter(Boolean);
    const parsed = lines.map(
      (line) => JSON.parse(line) as { metric: Labels; values: number[]; timestamps: number[] },
    );
    return comparable(
      parsed.map(({ metric, values, timestamps }) => [metric, timestamps.map((at, i) => [at, values[i]!])]),
    );
  };
  // It shows what it has taken some seconds later, unless it is told to hurry.
  const isThere = async (): Promise<boolean> => {
    await fetch(`${server.url}/internal/force_flush`);
    return (await theirs()).length === own.length;
  };
  await eventually(isThere, 'VictoriaMetrics lacks series');
  assert.deepEqual(await theirs(), own);
  for (const query of QUERIES.slice(0, 5))
    assert.deepEqual(
      (await theirAnswers(server.url, query)).slice(0, 1),
      (await ownAnswers(one.store, query)).slice(0, 1),
      query,
    );
});

test('a real Prometheus that scrapes /federate has the last value of each series under its own labels', {
  skip: missing(PROMETHEUS, 'prometheus'),
}, async () => {
  using folder = temporaryFolder();
  await using store = await openStore({ folder: folder.path, retention: { days: 5, bytes: 1e9 } });
  const now = Date.now();
  const series = { __name__: 'temperature', service: 'tax', room: 'ü "1"' };
  await store.append(
    batch({ samples: [sample(series, now - 20_000, 1), sample(series, now - 10_000, 21.5)] }),
  );
  const route = federateRoute(store, systemClock)['GET /federate'] as (request: Request) => Promise<Response>;
  const http = createServer(async (request, response) => {
    const headers = { accept: request.headers.accept ?? '' };
    const answer = await route(new Request(`http://x${request.url}`, { headers }));
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
  });
  await once(http.listen(0, '127.0.0.1'), 'listening');
  const { port } = http.address() as { port: number };
  try {
    const job = {
      job_name: 'palantir',
      metrics_path: '/federate',
      honor_labels: true,
      scrape_interval: '1s',
    };
    const target = {
      params: { 'match[]': ['{service="tax"}'] },
      static_configs: [{ targets: [`127.0.0.1:${port}`] }],
    };
    await using server = await prometheus(JSON.stringify({ scrape_configs: [{ ...job, ...target }] }));
    const found = async (): Promise<Answer['data']['result']> => {
      const response = await fetch(`${server.url}/api/v1/query?query=temperature`);
      return ((await response.json()) as Answer).data.result;
    };
    await eventually(async () => (await found()).length > 0, 'Prometheus did not scrape it');
    const [one] = await found();
    const { instance, job: _, ...labels } = one!.metric;
    assert.deepEqual([labels, one!.value![1], instance], [series, '21.5', `127.0.0.1:${port}`]);
  } finally {
    http.close();
    http.closeAllConnections();
  }
});

/** What a board would ask, at the times of the test. */
async function influxQl(server: RealServer, q: string): Promise<unknown[]> {
  const params = new URLSearchParams({ db: 'telegraf', epoch: 'ms', q });
  const response = await fetch(`${server.url}/query?${params}`);
  const { results } = (await response.json()) as { results: { series?: object[]; error?: string }[] };
  assert.equal(results[0]!.error, undefined);
  return results[0]!.series ?? [];
}

/** As our Docker collector and node agent measure them, ten minutes long. */
function machineSamples(): Sample[] {
  const all: Sample[] = [];
  for (let step = 0; step < STEPS; step += 1) {
    const atMs = NOON_MS + step * STEP_MS;
    const add = (name: string, value: number, labels: Labels = {}): void =>
      void all.push(sample({ __name__: name, node: 'n1', ...labels }, atMs, value));
    for (const [i, container_name] of ['tax.1', 'shop.1'].entries()) {
      const own = { container_name, container_image: 'shop/app', service: container_name.slice(0, -2) };
      add('docker_container_state', 1, { ...own, state: 'running' });
      add('docker_container_cpu_usage_percent', 10 * (i + 1), own);
      add('docker_container_mem_usage', 1e9 + step, own);
      add('docker_container_net_rx_bytes', 1_000 * step, { ...own, network: 'eth0' });
      const isHealthy = i === 0 || step < 30;
      add('docker_container_health_healthy', isHealthy ? 1 : 0, own);
      add('docker_container_health_failing_streak', isHealthy ? 0 : 3, own);
      add(HEALTH_STATUS, 1, { ...own, health_status: isHealthy ? 'healthy' : 'unhealthy' });
    }
    for (const cpu of ['0', '1']) {
      add('node_cpu_seconds_total', 7.5 * step, { cpu, mode: 'idle' });
      add('node_cpu_seconds_total', 2.5 * step, { cpu, mode: 'user' });
    }
    add('node_memory_MemTotal_bytes', 16e9);
    for (const name of ['MemFree', 'Buffers', 'Cached', 'MemAvailable'])
      add(`node_memory_${name}_bytes`, 2e9);
    add('orders_total', step, { country: 'FR' });
  }
  return all;
}

test('a real InfluxDB answers what boards made for Telegraf ask', {
  skip: missing(INFLUX, 'influxdb'),
}, async () => {
  await using server = await influxdb();
  await using _ = await exported({ kind: 'influx', name: 'influx', url: server.url }, machineSamples());
  const within = `time >= ${NOON_MS}ms AND time < ${END_MS}ms`;
  const cpu = await influxQl(
    server,
    `SELECT mean("usage_percent") FROM "docker_container_cpu" WHERE ${within} AND "container_status" = 'running' AND "cpu" = 'cpu-total' GROUP BY time(5m), "container_name"`,
  );
  assert.deepEqual(cpu, [
    {
      name: 'docker_container_cpu',
      tags: { container_name: 'shop.1' },
      columns: ['time', 'mean'],
      values: [
        [NOON_MS, 20],
        [NOON_MS + 300_000, 20],
      ],
    },
    {
      name: 'docker_container_cpu',
      tags: { container_name: 'tax.1' },
      columns: ['time', 'mean'],
      values: [
        [NOON_MS, 10],
        [NOON_MS + 300_000, 10],
      ],
    },
  ]);
  const value = async (q: string): Promise<unknown> =>
    ((await influxQl(server, q))[0] as { values: unknown[][] }).values.at(-1)!.at(-1);
  assert.equal(
    await value(`SELECT last("health_status") FROM docker_container_health WHERE container_name = 'shop.1'`),
    'unhealthy',
  );
  assert.equal(
    await value(`SELECT last("health_status") FROM docker_container_health WHERE container_name = 'tax.1'`),
    'healthy',
  );
  assert.equal(
    await value(`SELECT mean("usage_idle") FROM cpu WHERE cpu = 'cpu-total' AND host = 'n1' AND ${within}`),
    75,
  );
  assert.equal(await value(`SELECT last("used_percent") FROM mem WHERE ${within}`), 62.5);
  assert.equal(
    await value(
      `SELECT derivative(last("rx_bytes"), 1s) FROM docker_container_net WHERE container_name = 'tax.1' AND ${within} GROUP BY time(1m)`,
    ),
    100,
  );
  assert.equal(
    await value(`SELECT last("value") FROM orders_total WHERE country = 'FR' AND host = 'n1'`),
    STEPS - 1,
  );
  assert.deepEqual(
    (
      (
        await influxQl(server, 'SHOW TAG VALUES FROM "docker_container_mem" WITH KEY = "container_name"')
      )[0] as { values: string[][] }
    ).values,
    [
      ['container_name', 'shop.1'],
      ['container_name', 'tax.1'],
    ],
  );
  const fields = (await influxQl(server, 'SHOW FIELD KEYS FROM docker_container_health, mem')) as {
    name: string;
    values: string[][];
  }[];
  const types = Object.fromEntries(
    fields.flatMap(({ name, values }) => values.map(([key, type]) => [`${name}.${key}`, type])),
  );
  assert.equal(types['docker_container_health.health_status'], 'string');
  assert.equal(types['docker_container_health.healthy'], 'integer');
  assert.equal(types['mem.used'], 'integer');
  assert.equal(types['mem.used_percent'], 'float');
});

test('where InfluxDB has a field of another type, only that field is left out, and counted', {
  skip: missing(INFLUX, 'influxdb'),
}, async () => {
  await using server = await influxdb();
  await fetch(`${server.url}/query?q=CREATE+DATABASE+telegraf`, { method: 'POST' });
  await fetch(`${server.url}/write?db=telegraf`, {
    method: 'POST',
    body: `orders_total,host=n1 value="text" ${NOON_MS - 1}000000`,
  });
  await using one = await exporting({ kind: 'influx', name: 'influx', url: server.url });
  const all = machineSamples();
  await one.store.append(batch({ samples: all }));
  await one.until(() => one.count('export_sent_total') >= all.length - STEPS);
  assert.equal(one.count('export_skipped_total'), STEPS);
  assert.equal((await influxQl(server, 'SELECT * FROM mem')).length, 1);
});

test('Palantir takes metrics, logs and traces of another Palantir by OTLP, and answers the same', async () => {
  using folder = temporaryFolder();
  const service = palantir({
    app: 'shop',
    token: TOKEN,
    folder: `${folder.path}/store`,
    retention: { days: 390, bytes: 1e9 },
  });
  const host = await startHost(service, {
    name: 'palantir',
    version: '1',
    folder: folder.path,
    dataFolder: folder.path,
    config: createConfig({ service: 'palantir', env: {} }).read,
    telemetry: testTelemetry(),
    finders: [],
    clusterKey: clusterKey({ cluster: 'test', secret: ['0123456789abcdef0123456789abcdef'] }),
    lameDuckMs: 0,
  });
  const url = `http://127.0.0.1:${host.address.port}`;
  const headers = { authorization: `Bearer ${TOKEN}` };
  try {
    await using one = await exporting({ kind: 'otlp', name: 'other', url });
    const all = samples();
    const logs = Array.from({ length: 100 }, (_, i) => logLine(NOON_MS + i, `line ${i}`));
    const spans = [
      spanRecord(1, 1, NOON_MS),
      spanRecord(1, 2, NOON_MS + 1, { parentId: spanRecord(1, 1, 0).spanId }),
    ];
    await one.store.append(batch({ samples: all, logs, spans }));
    await one.until(() => one.count('export_sent_total') >= all.length + logs.length + spans.length);
    assert.equal(one.count('export_skipped_total'), 0);
    for (const query of [...QUERIES, ...RATES])
      assert.deepEqual(await theirAnswers(url, query, headers), await ownAnswers(one.store, query), query);
    const lines = await fetch(
      `${url}/palantir/logs?order=oldest&start=${NOON_MS / 1_000}&end=${END_MS / 1_000}`,
      { headers },
    );
    assert.deepEqual(
      (await lines.text())
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
      logs,
    );
    const trace = await fetch(`${url}/palantir/traces/${spans[0]!.traceId}`, { headers });
    const answer = (await trace.json()) as { spans: { spanId: string }[] };
    assert.deepEqual(
      answer.spans.map(({ spanId }) => spanId),
      spans.map(({ spanId }) => spanId),
    );
  } finally {
    await host.stop();
  }
});
