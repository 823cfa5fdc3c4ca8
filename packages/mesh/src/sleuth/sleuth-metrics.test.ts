import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { virtualClock } from '@goblin/core';
import { recorder } from '../discovery/testing/recorder.ts';
import { sleuthMetrics } from './sleuth-metrics.ts';

const PAGE = new URL('../../../../docs/reference/metrics.md', import.meta.url);

test('docs/reference/metrics.md has a line for every metric of Sleuth, as it is', async () => {
  const telemetry = recorder();
  using _metrics = sleuthMetrics(telemetry, virtualClock(), () => ({ service: 0, client: 0 }));
  const lines = (await readFile(PAGE, 'utf8')).split('\n');
  assert.equal(telemetry.declared.size, 3);
  for (const [name, { help, labels = [] }] of telemetry.declared) {
    const type = name.endsWith('_total') ? 'counter' : 'gauge';
    const line = `| \`${name}\` | ${type} | | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`;
    assert.ok(lines.includes(line), `${line} is not on the page`);
  }
});

test('what is ignored is said at once, then once a minute however often it happens', async () => {
  const clock = virtualClock();
  const telemetry = recorder();
  using metrics = sleuthMetrics(telemetry, clock, () => ({ service: 0, client: 0 }));
  for (let i = 0; i < 1_000; i++) metrics.ignored('violation', `10.0.0.${i % 250}`);
  assert.equal(telemetry.warnings.length, 1);
  await clock.advance(60_000);
  assert.equal(telemetry.warnings.length, 2);
  assert.equal(telemetry.value('sleuth_ignored_total{violation}'), 1_000);
});
