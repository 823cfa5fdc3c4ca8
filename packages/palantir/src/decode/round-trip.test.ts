import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import test from 'node:test';
import { metricsRegistry, otlpExporter, testTelemetry } from '@goblin/core';
import type { Sample } from '../model.ts';
import { decoders } from './decoders.ts';

test('what a service sends by OTLP and what it shows to a scraper come to the same series', async () => {
  const received: Buffer[] = [];
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    if (request.url === '/v1/metrics') received.push(body);
    response.end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const metrics = metricsRegistry();
  metrics
    .counter('rpc_calls_total', { help: 'Calls.', labels: ['method'] })
    .with('charge')
    .add(3);
  metrics.gauge('load_ratio', { help: 'Load.' }).with().set(0.5);
  metrics
    .histogram('wait_seconds', { help: 'Waits.', labels: ['lane'] })
    .with('a')
    .record(0.02);
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const exporter = otlpExporter({
    endpoint,
    resource: { 'service.name': 'shop' },
    metrics,
    log: testTelemetry().log,
  });
  const scraped = metrics.expose('openmetrics');
  await exporter[Symbol.asyncDispose]();
  server.close();

  const nowMs = Date.now();
  const sent = decoders['otlp-metrics-json'](received[0]!, nowMs);
  const seen = decoders.openmetrics(Buffer.from(scraped), nowMs, { service: 'shop' });
  assert.deepEqual([...sent.rejected, ...seen.rejected], []);
  assert.deepEqual(ours(sent.samples), ours(seen.samples));
});

/** Without the exporter's own, which went on counting. */
function ours(samples: readonly Sample[]): string[] {
  return samples
    .filter(({ series }) => /^(?:rpc|load|wait)_/.test(series.__name__!))
    .map(({ series, value }) => `${JSON.stringify(Object.entries(series).sort())} ${value}`)
    .sort();
}
