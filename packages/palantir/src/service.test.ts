import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { createConfig, metricsRegistry, otlpExporter, testTelemetry } from '@goblin/core';
import { clusterKey, startHost } from '@goblin/mesh';
import { applyPatch, type Operation } from './live/json-patch.ts';
import type { WallState } from './live/wall-state.ts';
import { palantir } from './service.ts';

interface Running extends AsyncDisposable {
  readonly url: string;
  /** Folders. */
  readonly settings: string;
  readonly logs: string;
  send(
    path: string,
    type: string,
    body: string | Uint8Array,
    headers?: Record<string, string>,
  ): Promise<Response>;
  ask<T>(path: string, params: Record<string, string>): Promise<T>;
  /** Ends it, and starts another one on the same folder. */
  restart(): Promise<void>;
}

const HOUR_MS = 3_600_000;
const TOKEN = 'for-tests';
const READER = { authorization: `Bearer ${TOKEN}` };

async function running(): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), 'goblin-palantir-'));
  const settings = join(folder, 'palantir');
  const logs = join(folder, 'logs');
  const start = () =>
    startHost(
      palantir({
        app: 'shop',
        token: TOKEN,
        folder: join(folder, 'store'),
        retention: { days: 7, bytes: 1e9 },
        settings,
        logs,
      }),
      {
        name: 'palantir',
        version: '1',
        folder,
        dataFolder: folder,
        config: createConfig({ service: 'palantir', env: {} }).read,
        telemetry: testTelemetry(),
        finders: [],
        clusterKey: clusterKey({ cluster: 'test', secret: ['0123456789abcdef0123456789abcdef'] }),
        lameDuckMs: 0,
      },
    );
  let host = await start();
  const url = (): string => `http://127.0.0.1:${host.address.port}`;
  return {
    settings,
    logs,
    get url() {
      return url();
    },
    send: (path, type, body, headers = {}) =>
      fetch(`${url()}${path}`, {
        method: 'POST',
        headers: { 'content-type': type, ...headers },
        body: body as string,
      }),
    async ask(path, params) {
      const response = await fetch(`${url()}${path}?${new URLSearchParams(params)}`, { headers: READER });
      assert.equal(response.status, 200, await response.clone().text());
      return (await response.json()) as never;
    },
    async restart() {
      await host.stop();
      host = await start();
    },
    async [Symbol.asyncDispose]() {
      await host.stop();
      await rm(folder, { recursive: true });
    },
  };
}

interface Vector {
  readonly data: { readonly result: { readonly metric: object; readonly value: [number, string] }[] };
}

async function valueAt(one: Running, query: string): Promise<string | undefined> {
  const { data } = await one.ask<Vector>('/api/v1/query', { query });
  return data.result[0]?.value[1];
}

test('what a service of ours exports by OTLP can be asked for in PromQL, also after a restart', async () => {
  await using one = await running();
  const metrics = metricsRegistry();
  metrics
    .counter('orders_total', { help: 'Orders.', labels: ['country'] })
    .with('FR')
    .add(7);
  metrics.histogram('order_seconds', { help: 'How long.' }).with().record(0.2);
  const { log } = testTelemetry();
  const resource = { 'service.name': 'shop', 'service.instance.id': 'shop-1' };
  await otlpExporter({ endpoint: one.url, resource, metrics, log }).stop();
  for (let round = 0; round < 2; round++) {
    assert.equal(await valueAt(one, 'sum by (service) (orders_total{country="FR"})'), '7');
    assert.equal(await valueAt(one, 'order_seconds_count{service="shop",instance="shop-1"}'), '1');
    await one.restart();
  }
  const { data: names } = await one.ask<{ data: string[] }>('/api/v1/label/__name__/values', {});
  assert.ok(names.includes('orders_total'));
  const { data: series } = await one.ask<{ data: object[] }>('/api/v1/series', { 'match[]': 'orders_total' });
  assert.deepEqual(series, [
    { __name__: 'orders_total', service: 'shop', instance: 'shop-1', country: 'FR' },
  ]);
});

test('Telegraf writes line protocol, packed or not, in any precision', async () => {
  await using one = await running();
  const now = Date.now();
  const line = (value: number, at: number): string => `mem,host=one used=${value}i ${at}\n`;
  const plain = await one.send('/write?db=telegraf', 'text/plain', line(5, (now - 60_000) * 1e6));
  const packed = gzipSync(line(9, Math.floor(now / 1_000)));
  const second = await one.send('/api/v2/write?precision=s', 'text/plain', packed, {
    'content-encoding': 'gzip',
  });
  assert.deepEqual([plain.status, second.status], [204, 204]);
  assert.equal(await valueAt(one, 'mem_used{host="one"}'), '9');
  assert.equal(await valueAt(one, 'max_over_time(mem_used[5m]) - min_over_time(mem_used[5m])'), '4');
});

test('logs and traces of one request are found by its trace, its words, and its failure', async () => {
  await using one = await running();
  const at = String(BigInt(Date.now()) * 1_000_000n);
  const [traceId, spanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'tax' } }] };
  const record = {
    timeUnixNano: at,
    severityNumber: 17,
    body: { stringValue: 'the rate of FR is gone' },
    traceId,
    spanId,
  };
  const span = {
    ...{
      traceId,
      spanId,
      name: 'quote',
      kind: 2,
      startTimeUnixNano: at,
      status: { code: 2, message: 'no rate' },
    },
    endTimeUnixNano: String(BigInt(at) + 1_500_000n),
  };
  const logs = { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record] }] }] };
  const traces = { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] };
  const answers = [
    await one.send('/v1/logs', 'application/json', JSON.stringify(logs)),
    await one.send('/v1/traces', 'application/json', JSON.stringify(traces)),
  ];
  for (const answer of answers) assert.deepEqual([answer.status, await answer.json()], [200, {}]);
  const found: { body: string; service: string }[] = [];
  const start = String((Date.now() - HOUR_MS) / 1_000);
  for (const query of [
    '{} |= word("RATE")',
    `{trace_id="${traceId}"}`,
    '{service="tax", level=~"error|fatal"}',
  ]) {
    const response = await fetch(`${one.url}/palantir/logs?${new URLSearchParams({ start, query })}`, {
      headers: READER,
    });
    assert.equal(response.headers.get('content-type'), 'application/x-ndjson');
    for (const line of (await response.text()).trim().split('\n')) found.push(JSON.parse(line));
  }
  assert.deepEqual(
    found.map(({ body, service }) => [service, body]),
    Array.from({ length: 3 }, () => ['tax', 'the rate of FR is gone']),
  );
  const [summary] = await one.ask<{ traceId: string; error: boolean }[]>('/palantir/traces', {
    query: '{ service = "tax" && status = error }',
  });
  assert.equal(summary?.traceId, traceId);
  const { spans } = await one.ask<{ spans: { name: string; durationNs: number; startNs: string }[] }>(
    `/palantir/traces/${traceId}`,
    {},
  );
  assert.deepEqual(
    spans.map(({ name, durationNs, startNs }) => [name, durationNs, startNs]),
    [['quote', 1_500_000, at]],
  );
});

test('what is wrong is refused with what would be right, and what is good beside it is kept', async () => {
  await using one = await running();
  const point = (value: number | string) => ({
    timeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
    asDouble: value,
  });
  const gauge = { name: 'depth', gauge: { dataPoints: [point(3), point('NaN')] } };
  const body = JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [gauge] }] }] });
  const partial = (await (await one.send('/v1/metrics', 'application/json', body)).json()) as {
    partialSuccess: { rejectedDataPoints: string; errorMessage: string };
  };
  assert.equal(partial.partialSuccess.rejectedDataPoints, '1');
  assert.match(partial.partialSuccess.errorMessage, /not a number \(NaN\).* \(depth\)/);
  assert.equal(await valueAt(one, 'depth'), '3');
  const wrong: [
    path: string,
    type: string,
    body: string | Uint8Array,
    status: number,
    headers?: Record<string, string>,
  ][] = [
    ['/v1/traces', 'text/plain', '{}', 415],
    ['/v1/traces', 'application/json', '{"resourceSpans":', 400],
    ['/v1/traces', 'application/x-protobuf', new Uint8Array([255, 255, 255]), 400],
    ['/write?precision=years', 'text/plain', 'a b=1', 400],
    ['/api/v1/write', 'application/x-protobuf', new Uint8Array([200, 1, 2, 3]), 400],
    ['/write', 'text/plain', 'not packed', 400, { 'content-encoding': 'gzip' }],
    ['/write', 'text/plain', 'x', 415, { 'content-encoding': 'br' }],
    ['/write', 'text/plain', gzipSync(Buffer.alloc(20_000_000)), 413, { 'content-encoding': 'gzip' }],
  ];
  for (const [path, type, sent, status, headers] of wrong) {
    const answer = await one.send(path, type, sent, headers);
    assert.equal(answer.status, status, `${path} ${await answer.text()}`);
  }
  for (const [query, errorType, status] of [
    ['sum(', 'bad_data', 400],
    ['', 'bad_data', 400],
  ] as const) {
    const answer = await fetch(`${one.url}/api/v1/query?${new URLSearchParams({ query })}`, {
      headers: READER,
    });
    assert.equal(answer.status, status);
    assert.equal(((await answer.json()) as { errorType: string }).errorType, errorType);
  }
  assert.equal(
    (await fetch(`${one.url}/palantir/traces/${'0'.repeat(32)}`, { headers: READER })).status,
    404,
  );
});

test('Grafana asks by a form', async () => {
  await using one = await running();
  await one.send('/write?precision=ms', 'text/plain', `up,job=tax value=1 ${Date.now()}`);
  const form = new URLSearchParams({
    query: 'up{job="tax"} * 2',
    start: String(Date.now() / 1_000 - 60),
    end: String(Date.now() / 1_000 + 1),
    step: '15s',
  });
  const answer = await one.send(
    '/api/v1/query_range',
    'application/x-www-form-urlencoded',
    String(form),
    READER,
  );
  const { data } = (await answer.json()) as {
    data: { resultType: string; result: { values: [number, string][] }[] };
  };
  assert.equal(data.resultType, 'matrix');
  assert.deepEqual(data.result[0]?.values.at(-1)?.[1], '2');
});

test('who has no token reads nothing, a page of another origin writes nothing, a foreign host name reaches nothing', async () => {
  await using one = await running();
  const query = '/api/v1/query?query=1';
  const statusOf = async (path: string, headers: Record<string, string>): Promise<number> =>
    (await fetch(`${one.url}${path}`, { headers, redirect: 'manual' })).status;
  assert.equal(await statusOf(query, {}), 401);
  assert.equal(await statusOf(query, { authorization: 'Bearer wrong' }), 401);
  assert.equal(await statusOf(query, { cookie: `palantir=${TOKEN}` }), 401, 'the token is no session');
  assert.equal(await statusOf('/palantir/live', {}), 401);
  assert.equal(await statusOf('/', {}), 401);
  assert.equal(await statusOf('/login?token=wrong', {}), 401);
  assert.equal(await statusOf(query, { ...READER, origin: 'http://evil.example' }), 403);
  const foreign = await one.send('/write', 'text/plain', 'a b=1', { origin: 'http://evil.example' });
  assert.equal(foreign.status, 403);
  const named = await asHost(one.url, 'evil.example', query);
  assert.equal(named, 403);

  const login = await fetch(`${one.url}/login?token=${TOKEN}&to=/tv`, { redirect: 'manual' });
  assert.deepEqual([login.status, login.headers.get('location')], [303, '/tv']);
  const cookie = login.headers.get('set-cookie')!;
  assert.match(cookie, /HttpOnly; SameSite=Strict/);
  assert.equal(await statusOf(query, { cookie: cookie.split(';')[0]! }), 200);
  const elsewhere = await fetch(`${one.url}/login?token=${TOKEN}&to=//evil.example`, { redirect: 'manual' });
  assert.equal(elsewhere.headers.get('location'), '/');
});

test('the wall lives: its state comes at once, and a change is on it', async () => {
  await using one = await running();
  const stream = await fetch(`${one.url}/palantir/live`, { headers: READER });
  const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  let state: WallState | undefined;
  const next = async (): Promise<WallState> => {
    for (;;) {
      const event = /^event: (wall|change)\nid: \d+\ndata: (.*)\n\n/m.exec(text);
      if (event) {
        text = text.slice(event.index + event[0].length);
        const data = JSON.parse(event[2]!);
        state = event[1] === 'wall' ? (data as WallState) : applyPatch(state!, data as Operation[]);
        return state;
      }
      const { value, done } = await reader.read();
      assert.ok(!done, 'the stream ended');
      text += value;
    }
  };
  assert.equal((await next()).app, 'shop');
  const added = await one.send(
    '/palantir/changes',
    'application/json',
    JSON.stringify({ kind: 'flag', title: 'new prices are on', author: 'ada' }),
    READER,
  );
  assert.equal(added.status, 201);
  const nonsense = await one.send('/palantir/changes', 'application/json', '{"kind":"x"}', READER);
  assert.equal(nonsense.status, 400);
  for (;;) {
    const { changes } = await next();
    if (changes[0]?.title === 'new prices are on') break;
  }
  await reader.cancel();
});

/** `fetch` sets the Host header by itself. */
function asHost(url: string, host: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(`${url}${path}`, { headers: { ...READER, host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode!);
    }).on('error', reject);
  });
}

test('a restart with a mistake in the settings goes on with the notifiers that were good last, and says so', async () => {
  await using one = await running();
  const notifier = 'notifiers: [{ name: pager, kind: webhook, url: http://127.0.0.1:9/page }]';
  mkdirSync(one.settings);
  writeFileSync(join(one.settings, 'people.yaml'), notifier);
  await one.restart();
  writeFileSync(join(one.settings, 'people.yaml'), `${notifier}\nroutes: [{ severity: page, to: [nobody] }]`);
  await one.restart();
  const told = await one.ask<{ notifiers: { name: string }[] }>('/palantir/notifiers', {});
  assert.deepEqual(
    told.notifiers.map(({ name }) => name),
    ['pager'],
  );
  const { problems, inUse } = await one.ask<{ problems: string[]; inUse: string }>('/palantir/settings', {});
  assert.equal(inUse, 'last good');
  assert.match(problems[0]!, /people\.yaml:2:33 routes\[0\]\.to\[0\]: "nobody" is not known here/);
  // What the default rule settings-mistakes asks for.
  while ((await valueAt(one, 'max by (service) (settings_mistakes)')) !== '1') await nextTurn();
});

test('a change that is logged stands in the change log, once', async () => {
  await using one = await running();
  mkdirSync(one.logs);
  const change = { kind: 'flag', title: 'new prices', author: 'ada' };
  const line = {
    time: new Date().toISOString(),
    level: 'info',
    service: 'tax',
    msg: 'a flag was set',
    change,
  };
  writeFileSync(join(one.logs, 'tax.ndjson'), `${JSON.stringify(line)}\n`);
  const titles = async (): Promise<string[]> => {
    const changes = await one.ask<{ title: string; service?: string }[]>('/palantir/changes', {});
    return changes.map(({ title, service }) => `${service}: ${title}`);
  };
  while ((await titles()).length === 0) await nextTurn();
  await one.restart();
  assert.deepEqual(await titles(), ['tax: new prices']);
});
