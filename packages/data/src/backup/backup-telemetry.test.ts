import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { testTelemetry } from '@goblin/core';
import { backupTelemetry } from './backup-telemetry.ts';

const PAGE = new URL('../../../../docs/reference/metrics.md', import.meta.url);

test('docs/reference/metrics.md has a line for every metric of backups, as it is', async () => {
  const telemetry = testTelemetry();
  using _ = backupTelemetry(telemetry);
  const lines = (await readFile(PAGE, 'utf8')).split('\n');
  const instruments = telemetry.metrics.instruments().filter(({ name }) => name.startsWith('backup_'));
  assert.equal(instruments.length, 8);
  for (const { name, kind, unit, labels, help } of instruments) {
    const named = labels.map((label) => `\`${label}\``).join(', ');
    const line = `| \`${name}\` | ${kind} | ${unit === '' ? '' : `${unit} `}| ${named === '' ? '' : `${named} `}| ${help} |`;
    assert.ok(lines.includes(line), `${line} is not on the page`);
  }
});
