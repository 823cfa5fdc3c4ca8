import assert from 'node:assert/strict';
import { test } from 'node:test';
import { app, isGoblinError } from '@goblin/core';
import { ask, testEngine, testProject } from '../testing/test-project.ts';

const ANY_PORT = { port: 0 };

async function environmentOf(instance: Parameters<typeof ask>[0]): Promise<Record<string, string>> {
  return JSON.parse(await ask(instance, '/environment')) as Record<string, string>;
}

test('palantir is started first, and all others are told to send their telemetry there', async () => {
  using project = testProject(['tax'], { palantir: ANY_PORT });
  project.write('palantir', 'one');
  await using engine = await testEngine(project);
  const [palantir] = await engine.ready('palantir');
  const [tax] = await engine.ready('tax');
  const own = await environmentOf(palantir!);
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: name } = await environmentOf(tax!);
  assert.equal(endpoint, `http://127.0.0.1:${own.GOBLIN_PORT}`);
  assert.equal(name, 'tax');
  assert.equal(own.OTEL_EXPORTER_OTLP_ENDPOINT, undefined, 'it sends nothing to itself');
  await assert.rejects(engine.scale({ palantir: 2 }), (error) => isGoblinError(error, 'INVALID_INPUT'));
});

test('a collector that is set already is left as it is', async () => {
  const own = 'http://127.0.0.1:4318';
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: own };
  using project = testProject([], {
    palantir: ANY_PORT,
    services: app({ name: 'x', services: { tax: { from: './tax', env } } }).services as never,
  });
  project.write('palantir', 'one');
  project.write('tax', 'one');
  await using engine = await testEngine(project);
  const [tax] = await engine.ready('tax').catch(() => []);
  assert.equal((await environmentOf(tax!)).OTEL_EXPORTER_OTLP_ENDPOINT, own);
});

test('palantir ends after all others, so that it has their last telemetry', async () => {
  using project = testProject(['tax'], { palantir: ANY_PORT });
  project.write('palantir', 'one');
  project.write('tax', 'stubborn');
  const engine = await testEngine(project);
  await engine.ready('tax');
  await engine.ready('palantir');
  const stopping = engine.stop();
  await engine.until(() => engine.service('tax').instances[0]?.state === 'draining');
  assert.equal(engine.service('palantir').instances[0]?.state, 'ready');
  await stopping;
});
