import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { isGoblinError } from '../errors.ts';
import { createTelemetry, type ProcessTelemetry } from './create-telemetry.ts';
import { telemetrySettings } from './telemetry-settings.ts';
import { testTelemetry } from './test-telemetry.ts';

function telemetryIn(env: Record<string, string>): ProcessTelemetry {
  return createTelemetry({ service: 'tax', instance: 'tax-1', version: '3', log: testTelemetry().log, env });
}

test('a process has its identity, its runtime and its own metrics in one exposition', async () => {
  await using telemetry = telemetryIn({});
  telemetry.metrics.counter('things_total', { help: 'Things.' }).with().add();
  const exposed = telemetry.metrics.expose('openmetrics');
  assert.ok(
    exposed.includes('target_info{service_name="tax",service_instance_id="tax-1",service_version="3"} 1'),
  );
  assert.ok(exposed.includes('\nprocess_resident_memory_bytes '));
  assert.ok(exposed.includes('\nthings_total 1\n'));
  assert.equal(telemetry.snapshot(['things_total']).metrics[0]?.series[0]?.value, 1);
});

test('where the environment names a collector, spans and metrics reach it by the time it has stopped', async () => {
  const received: { path: string; key: unknown; body: string }[] = [];
  const server = createServer(async (request, response) => {
    received.push({ path: request.url!, key: request.headers['x-key'], body: await text(request) });
    response.end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const telemetry = telemetryIn({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%20b',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    });
    telemetry.tracer.start('work').end();
    await telemetry.stop();
    const traces = received.find(({ path }) => path === '/v1/traces');
    assert.equal(traces?.key, 'a b');
    for (const word of ['"work"', 'tax-1', 'deployment.environment.name'])
      assert.ok(traces.body.includes(word));
    assert.ok(
      received.find(({ path }) => path === '/v1/metrics')?.body.includes('process_cpu_seconds_total'),
    );
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('the share of sampled traces comes from the environment, and is all by default', async () => {
  await using none = telemetryIn({ OTEL_TRACES_SAMPLER_ARG: '0' });
  assert.equal(none.tracer.start('x').context.sampled, false);
  await using all = telemetryIn({});
  assert.equal(all.tracer.start('x').context.sampled, true);
});

test('every variable that is wrong is named at once', () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318',
    OTEL_EXPORTER_OTLP_HEADERS: 'nothing',
    OTEL_EXPORTER_OTLP_HEADERS_FILE: '/does/not/exist',
    OTEL_EXPORTER_OTLP_TIMEOUT: '-1',
    OTEL_METRIC_EXPORT_INTERVAL: 'often',
    OTEL_TRACES_SAMPLER_ARG: '50%',
    OTEL_RESOURCE_ATTRIBUTES: '=',
  };
  assert.throws(
    () => telemetrySettings(env),
    (error) => {
      assert.ok(isGoblinError(error, 'CONFIG_INVALID'));
      for (const name of Object.keys(env)) assert.ok(error.message.includes(`${name} is not`), name);
      return true;
    },
  );
});

test('a variable that is empty is as if it were absent', () => {
  const { endpoint, sampleRatio } = telemetrySettings({
    OTEL_EXPORTER_OTLP_ENDPOINT: '',
    OTEL_TRACES_SAMPLER_ARG: ' ',
  });
  assert.deepEqual([endpoint, sampleRatio], [undefined, 1]);
});

test('headers that are secret come from a file, which wins over the variable', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'goblin-telemetry-'));
  try {
    const file = join(folder, 'headers');
    await writeFile(file, 'authorization=Bearer%20x\n');
    const { headers } = telemetrySettings({
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=old,x-key=k',
      OTEL_EXPORTER_OTLP_HEADERS_FILE: file,
    });
    assert.deepEqual(headers, { authorization: 'Bearer x', 'x-key': 'k' });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
