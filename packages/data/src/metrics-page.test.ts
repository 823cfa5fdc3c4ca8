import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { testTelemetry } from '@goblin/core';
import { auditTelemetry } from './audit/audit-telemetry.ts';
import { cacheTelemetry } from './cache/cache-telemetry.ts';
import { consumerTelemetry } from './events/consumer-telemetry.ts';
import { connectedGauge, forwardTelemetry, receiveTelemetry } from './nats/nats-telemetry.ts';
import { testDatabase } from './testing/test-database.ts';

const PAGE = new URL('../../../docs/reference/metrics.md', import.meta.url);

test('docs/reference/metrics.md has a line for every metric of data, as it is', async () => {
  const telemetry = testTelemetry();
  await using db = await testDatabase({ telemetry });
  consumerTelemetry(db.telemetry, 'a.b.v1', 'group');
  auditTelemetry(db.telemetry, db.schema);
  cacheTelemetry(db.telemetry, 'name');
  forwardTelemetry(db.telemetry, 'nats', 'stream');
  receiveTelemetry(db.telemetry, 'nats', 'stream');
  connectedGauge(db.telemetry, 'nats');
  const lines = (await readFile(PAGE, 'utf8')).split('\n');
  const instruments = telemetry.metrics
    .instruments()
    .filter(({ name }) => /^(audit|cache|db|event|nats)_/.test(name));
  assert.equal(instruments.length, 26);
  for (const { name, kind, unit, labels, help } of instruments) {
    const named = labels.map((label) => `\`${label}\``).join(', ');
    const line = `| \`${name}\` | ${kind} | ${unit === '' ? '' : `${unit} `}| ${named} | ${help} |`;
    assert.ok(lines.includes(line), `${line} is not on the page`);
  }
});
