import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { EXPOSITION_TYPES, expositionFormat } from './exposition.ts';
import type { Metrics } from './metrics.ts';
import { metricsRegistry } from './metrics-registry.ts';
import { runtimeMetrics } from './runtime-metrics.ts';

const PROMETHEUS = '/usr/bin/prometheus';
const skip = existsSync(PROMETHEUS) ? false : `${PROMETHEUS} is not installed (Debian package prometheus)`;
const TIMEOUT_MS = 30_000;

interface Scraper extends AsyncDisposable {
  /** Asks the HTTP API until the answer holds something. */
  ask<T>(path: string, params: Record<string, string>): Promise<T[]>;
  /** What went wrong at the last scrape. */
  lastError(): Promise<string>;
}

async function scrapeTarget(
  metrics: Metrics,
): Promise<{ address: string; formats: Set<string> } & AsyncDisposable> {
  const formats = new Set<string>();
  const server = createServer((request, response) => {
    const format = expositionFormat(request.headers.accept);
    formats.add(format);
    response.setHeader('content-type', EXPOSITION_TYPES[format]);
    response.end(metrics.expose(format));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    formats,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function prometheus(target: string): Promise<Scraper> {
  const folder = await mkdtemp(join(tmpdir(), 'goblin-prometheus-'));
  const config = join(folder, 'prometheus.yml');
  await writeFile(
    config,
    `scrape_configs: [{ job_name: goblin, scrape_interval: 1s, static_configs: [{ targets: ['${target}'] }] }]`,
  );
  const address = `127.0.0.1:${await freePort()}`;
  const child: ChildProcess = spawn(
    PROMETHEUS,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
      '--enable-feature=exemplar-storage',
      '--log.level=error',
    ],
    { stdio: 'ignore' },
  );

  async function get<T>(path: string, params: Record<string, string>): Promise<T | undefined> {
    try {
      const response = await fetch(`http://${address}/api/v1/${path}?${new URLSearchParams(params)}`);
      return ((await response.json()) as { data: T }).data;
    } catch {
      return undefined;
    }
  }

  async function lastError(): Promise<string> {
    const targets = await get<{ activeTargets: { lastError: string }[] }>('targets', {});
    return targets?.activeTargets[0]?.lastError ?? 'no target yet';
  }

  return {
    lastError,
    async ask<T>(path: string, params: Record<string, string>) {
      const until = performance.now() + TIMEOUT_MS;
      while (performance.now() < until) {
        const data = await get<T[] | { result: T[] }>(path, params);
        const found = Array.isArray(data) ? data : (data?.result ?? []);
        if (found.length > 0) return found;
        await wait(50);
      }
      throw new Error(`Prometheus has nothing for ${params.query}; last error: ${await lastError()}`);
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('a real Prometheus takes the exposition: values, labels, quantiles and exemplars', {
  skip,
}, async () => {
  const metrics = metricsRegistry();
  using _runtime = runtimeMetrics(metrics);
  const awkward = 'a "quoted" \\ value\nof two lines';
  metrics
    .counter('orders_total', { help: 'Orders, "all" of them.', labels: ['kind'] })
    .with(awkward)
    .add(41.5);
  const waits = metrics.histogram('wait_seconds', { help: 'Waits.', labels: ['lane'] }).with('a');
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  for (let i = 0; i < 100; i++) waits.record(0.02, { traceId, spanId: 'b7ad6b7169203331', sampled: true });

  await using target = await scrapeTarget(metrics);
  await using scraper = await prometheus(target.address);

  await scraper.ask('query', { query: 'up{job="goblin"} == 1' });
  const [orders] = await scraper.ask<{ metric: { kind: string }; value: [number, string] }>('query', {
    query: 'orders_total',
  });
  assert.equal(orders?.metric.kind, awkward);
  assert.equal(orders?.value[1], '41.5');
  const [median] = await scraper.ask<{ value: [number, string] }>('query', {
    query: 'histogram_quantile(0.5, wait_seconds_bucket)',
  });
  assert.ok(Number(median?.value[1]) > 0.01 && Number(median?.value[1]) <= 0.025);
  const now = Date.now() / 1_000;
  const [series] = await scraper.ask<{ exemplars: { labels: { trace_id: string }; value: string }[] }>(
    'query_exemplars',
    { query: 'wait_seconds_bucket', start: String(now - 60), end: String(now + 60) },
  );
  assert.equal(series?.exemplars[0]?.labels.trace_id, traceId);
  await scraper.ask('query', { query: 'process_resident_memory_bytes > 0' });
  assert.deepEqual([...target.formats], ['openmetrics']);
  assert.equal(await scraper.lastError(), '');
});
