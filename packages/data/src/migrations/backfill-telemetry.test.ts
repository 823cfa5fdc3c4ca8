import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { testTelemetry } from '@goblin/core';
import { freshSchema, migrationFolder } from '../fixtures/migration-folder.ts';
import { backfillTelemetry } from './backfill-telemetry.ts';
import { fillPending } from './backfills.ts';

const PAGE = new URL('../../../../docs/reference/metrics.md', import.meta.url);
const FILE = '0002_fill.backfill.sql';

test('a backfill shows how far it is, what is left, why it holds still and that it failed', async () => {
  const telemetry = testTelemetry();
  const shown = (): string[] =>
    telemetry.metrics
      .expose('prometheus')
      .split('\n')
      .filter((line) => line.startsWith('db_backfill_'))
      .map((line) => line.replace(/\{db_namespace="shop",migration="0002_fill.backfill.sql",?/, '{'));
  const seen = backfillTelemetry(telemetry, 'shop');
  const step = { rows: 300, estimatedRows: 1_000, held: undefined, reason: undefined, finished: false };
  seen.step(FILE, { ...step, held: 'a replica is 12 s behind', reason: 'replica' });
  seen.failed(FILE);
  assert.deepEqual(shown().sort(), [
    'db_backfill_failures_total{} 1',
    'db_backfill_held{reason="locks"} 0',
    'db_backfill_held{reason="replica"} 1',
    'db_backfill_held{reason="statements"} 0',
    'db_backfill_remaining_rows{} 700',
    'db_backfill_rows{} 300',
  ]);
  seen.step(FILE, { ...step, rows: 1_020, finished: true });
  assert.ok(shown().includes('db_backfill_held{reason="replica"} 0'));
  assert.ok(shown().includes('db_backfill_remaining_rows{} 0'));
});

test('a backfill tells its last step, and its failure', async () => {
  await using schema = await freshSchema();
  const filling = (statement: string): string =>
    migrationFolder({
      '0001_account.sql': 'create table account (id int primary key, n int)',
      '0002_fill.backfill.sql': `-- goblin: backfill table=account key=id\n${statement} where id between :first and :last`,
    });
  const accounts = migrationFolder({
    '0001_account.sql': 'create table account (id int primary key, n int)',
  });
  await schema.apply(accounts);
  await schema.client.query('insert into account select id from generate_series(1, 40) id');
  const told: unknown[] = [];
  const run = async (folder: string): Promise<boolean> => {
    await schema.apply(folder);
    return fillPending(
      {
        ...schema.source,
        schema: schema.schema,
        folder,
        log: testTelemetry().log,
        onStep: (_, { rows, finished }) => told.push([rows, finished]),
        onFailure: ({ name }) => told.push(name),
      },
      new AbortController().signal,
    );
  };
  await assert.rejects(run(filling('update account set n = 1 / 0')), {
    code: 'MIGRATION_FAILED',
    message: /division by zero/,
  });
  assert.equal(told.at(-1), FILE);
  await run(filling('update account set n = 1'));
  assert.deepEqual(told.at(-1), [40, true]);
});

test('docs/reference/metrics.md has a line for every metric of backfills, as it is', async () => {
  const telemetry = testTelemetry();
  backfillTelemetry(telemetry, 'shop');
  const lines = (await readFile(PAGE, 'utf8')).split('\n');
  const instruments = telemetry.metrics.instruments().filter(({ name }) => name.startsWith('db_backfill_'));
  assert.equal(instruments.length, 4);
  for (const { name, kind, unit, labels, help } of instruments) {
    const named = labels.map((label) => `\`${label}\``).join(', ');
    const line = `| \`${name}\` | ${kind} | ${unit === '' ? '' : `${unit} `}| ${named} | ${help} |`;
    assert.ok(lines.includes(line), `${line} is not on the page`);
  }
});
