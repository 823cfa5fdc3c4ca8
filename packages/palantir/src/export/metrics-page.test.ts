import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { testTelemetry } from '@goblin/core';
import { exportMeters } from './export-meter.ts';

const PAGE = new URL('../../../../docs/reference/metrics.md', import.meta.url);

test('docs/reference/metrics.md has a line for every metric of exporters, as it is', async () => {
  const { log, metrics } = testTelemetry();
  exportMeters(metrics, log);
  const lines = (await readFile(PAGE, 'utf8')).split('\n');
  const own = metrics.instruments().filter(({ name }) => name.startsWith('export_'));
  assert.equal(own.length, 5);
  for (const { name, kind, unit, labels, help } of own) {
    const named = labels.map((label) => `\`${label}\``).join(', ');
    const line = `| \`${name}\` | ${kind} | ${unit === '' ? '' : `${unit} `}| ${named} | ${help} |`;
    assert.ok(lines.includes(line), `${line} is not on the page`);
  }
});
