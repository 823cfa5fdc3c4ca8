import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { testTelemetry } from '@goblin/core';
import { taskTelemetry } from './task-telemetry.ts';

const PAGE = new URL('../../../../docs/reference/metrics.md', import.meta.url);

test('docs/reference/metrics.md has a line for every metric of tasks, as it is', async () => {
  const telemetry = testTelemetry();
  taskTelemetry(telemetry, 'a.b').ended('done');
  const lines = (await readFile(PAGE, 'utf8')).split('\n');
  const instruments = telemetry.metrics.instruments().filter(({ name }) => name.startsWith('task_'));
  assert.equal(instruments.length, 9);
  for (const { name, kind, unit, labels, help } of instruments) {
    const named = labels.map((label) => `\`${label}\``).join(', ');
    const line = `| \`${name}\` | ${kind} | ${unit === '' ? '' : `${unit} `}| ${named} | ${help} |`;
    assert.ok(lines.includes(line), `${line} is not on the page`);
  }
});
