import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { systemClock, testTelemetry } from '@goblin/core';
import { bulkhead } from './bulkhead.ts';
import { cached } from './cached.ts';
import { collapse } from './collapse.ts';
import { createFaults } from './faults.ts';
import { rateLimit } from './rate-limit.ts';

const PAGE = new URL('../../../../docs/reference/metrics.md', import.meta.url);

test('docs/reference/metrics.md has a line for every metric of the filters, as it is', () => {
  const { log, metrics } = testTelemetry();
  const own = new Set(metrics.instruments().map(({ name }) => name));
  rateLimit({ rate: '1/s', metrics });
  bulkhead({ metrics });
  collapse({ metrics });
  cached({ ttl: '1s', metrics });
  createFaults({ clock: systemClock, random: Math.random, log, metrics });
  const page = readFileSync(PAGE, 'utf8').split('\n');
  const declared = metrics.instruments().filter(({ name }) => !own.has(name));
  assert.equal(declared.length, 9);
  for (const { name, kind, unit, labels, help } of declared) {
    const cells = [`\`${name}\``, kind, unit, labels.map((label) => `\`${label}\``).join(', '), help];
    const line = `| ${cells.join(' | ')} |`.replace('|  |', '| |');
    assert.ok(page.includes(line), `${line} is not on the page`);
  }
});
