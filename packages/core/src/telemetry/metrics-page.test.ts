import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createBackground } from '../background.ts';
import { createTelemetry } from './create-telemetry.ts';
import { testTelemetry } from './test-telemetry.ts';
import { withTelemetry } from './with-telemetry.ts';

const PAGE = new URL('../../../../docs/reference/metrics.md', import.meta.url);

test('docs/reference/metrics.md has a line for every metric of core, as it is, and no other', async () => {
  await using telemetry = createTelemetry({
    service: 'tax',
    instance: 'tax-1',
    version: '1',
    log: testTelemetry().log,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' },
  });
  withTelemetry('server', telemetry);
  withTelemetry('client', telemetry);
  createBackground(telemetry);

  const sections = readFileSync(PAGE, 'utf8').split('\n## ');
  const section = sections.find((text) => text.startsWith('@goblin/core\n')) ?? '';
  const documented = section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim().replaceAll('`', ''))
        .slice(1, -1),
    );
  const known = telemetry.metrics
    .instruments()
    .map(({ name, kind, unit, labels, help }) => [name, kind, unit, labels.join(', '), help]);
  assert.deepEqual(documented, known);
});
