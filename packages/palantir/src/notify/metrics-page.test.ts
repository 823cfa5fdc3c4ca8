import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { systemClock, testTelemetry } from '@goblin/core';
import { createDeliveries } from './deliveries.ts';
import { testState } from './fixtures/samples.ts';
import { heartbeat } from './heartbeat.ts';

const PAGE = new URL('../../../../docs/reference/metrics.md', import.meta.url);

test('docs/reference/metrics.md has a line for every metric of notifications, as it is', async () => {
  using kept = testState();
  const { log, metrics } = testTelemetry();
  createDeliveries({ state: kept.state, clock: systemClock, log, metrics });
  heartbeat({ clock: systemClock, log, metrics, fetch, isAlive: () => true });
  const lines = (await readFile(PAGE, 'utf8')).split('\n');
  const own = metrics.instruments().filter(({ name }) => /^(notifications|heartbeat)_/.test(name));
  assert.equal(own.length, 7);
  for (const { name, kind, unit, labels, help } of own) {
    const named = labels.map((label) => `\`${label}\``).join(', ');
    const line = `| \`${name}\` | ${kind} | ${unit === '' ? '' : `${unit} `}| ${named}${named && ' '}| ${help} |`;
    assert.ok(lines.includes(line), `${line} is not on the page`);
  }
});
