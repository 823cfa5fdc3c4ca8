/** The whole Palantir, and processes that join its mesh: one that sends its telemetry, and two that do not, of which one is killed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createConfig, testTelemetry } from '@goblin/core';
import { clusterKey, type Host, startHost } from '@goblin/mesh';
import { palantir } from '../../service.ts';
import { temporaryFolder } from '../testing/collecting.ts';

const SHOP = fileURLToPath(new URL('../testing/shop-instance.ts', import.meta.url));
const TOKEN = 'for-tests';
/** Until an instance is judged, and asked. */
const WAIT_MS = 60_000;

function instance(name: string, palantirAt: string, sends: boolean): AsyncDisposable & { kill(): void } {
  const env: NodeJS.ProcessEnv = { ...process.env, OTEL_METRIC_EXPORT_INTERVAL: '1000' };
  if (sends) env.OTEL_EXPORTER_OTLP_ENDPOINT = `http://${palantirAt}`;
  const child = spawn(process.execPath, [SHOP, name, palantirAt], { env, stdio: 'inherit' });
  const exited = once(child, 'exit');
  return {
    kill: () => void child.kill('SIGKILL'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

test('instances that do not send are scraped by what the mesh knows, each counts once, and a killed one ends', {
  timeout: 120_000,
}, async () => {
  using folder = temporaryFolder();
  let host: Host | undefined;
  const definition = palantir({
    app: 'shop',
    token: TOKEN,
    folder: folder.path,
    retention: { days: 7, bytes: 1e9 },
    peers: () => host?.mesh.directory.peers ?? [],
  });
  host = await startHost(definition, {
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
  await using _ = host;
  const at = `${host.address.host}:${host.address.port}`;

  /** By instance. */
  async function values(query: string): Promise<Record<string, string>> {
    const response = await fetch(`http://${at}/api/v1/query?${new URLSearchParams({ query })}`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    const { data } = (await response.json()) as {
      data: { result: { metric: { instance?: string }; value: [number, string] }[] };
    };
    return Object.fromEntries(
      data.result.map(({ metric, value }) => [metric.instance ?? '', value[1]]).sort(),
    );
  }
  async function becomes(query: string, wanted: Record<string, string>): Promise<void> {
    const deadline = Date.now() + WAIT_MS;
    let found = await values(query);
    while (Date.now() < deadline && JSON.stringify(found) !== JSON.stringify(wanted)) {
      await pause(100);
      found = await values(query);
    }
    assert.deepEqual(found, wanted);
  }

  await using _sends = instance('shop-1', at, true);
  await using _silent = instance('shop-2', at, false);
  await using killed = instance('shop-3', at, false);
  await becomes('orders_total', { 'shop-1': '7', 'shop-2': '7', 'shop-3': '7' });
  // Who sends is not asked; and all are shown as the same service, each once.
  await becomes('up{service="shop"}', { 'shop-2': '1', 'shop-3': '1' });
  await becomes('sum(orders_total{service="shop"})', { '': '21' });
  await becomes('count by (instance) (orders_total)', { 'shop-1': '1', 'shop-2': '1', 'shop-3': '1' });

  killed.kill();
  await becomes('orders_total{instance!="shop-1"}', { 'shop-2': '7' });
  await becomes('up{service="shop"}', { 'shop-2': '1' });
});
