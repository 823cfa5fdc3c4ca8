import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { testTelemetry } from '@goblin/core';
import pg from 'pg';
import { throwawayServer } from '../embedded/throwaway.ts';
import { sourceOf } from '../source.ts';
import { migrate } from './migrate.ts';

const { log } = testTelemetry();
let schemas = 0;

function folder(files: Record<string, string>): string {
  const path = mkdtempSync(join(tmpdir(), 'goblin-migrations-'));
  after(() => rmSync(path, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

/** A fresh schema: what applies a folder to it, and a connection as its role. */
async function fresh(): Promise<
  { apply: (folder: string) => Promise<number>; client: pg.Client } & AsyncDisposable
> {
  const schema = `migrated_${++schemas}`;
  const { target } = await sourceOf(await throwawayServer(), schema, schema);
  const client = new pg.Client(target.config());
  await client.connect();
  return {
    apply: (path) => migrate({ target, schema, folder: path, log }),
    client,
    [Symbol.asyncDispose]: () => client.end(),
  };
}

const FIRST = 'create table payment (id int primary key);\ninsert into payment values (1);\n';

test('files are applied once, in order, and recorded', async () => {
  await using schema = await fresh();
  const { apply, client } = schema;
  const path = folder({ '0001_payment.sql': FIRST, 'notes.txt': 'not one of them' });
  assert.equal(await apply(path), 1);
  assert.equal(await apply(path), 0);
  writeFileSync(join(path, '0002_minor.sql'), 'alter table payment add minor bigint;');
  assert.equal(await apply(path), 1);
  const { rows } = await client.query('select name from goblin_migration order by number');
  assert.deepEqual(rows, [{ name: '0001_payment.sql' }, { name: '0002_minor.sql' }]);
});

test('instances that start at the same time apply each file once', async () => {
  await using schema = await fresh();
  const { apply, client } = schema;
  const path = folder({
    '0001_payment.sql': `${FIRST} select pg_sleep(0.1);`,
    '0002_more.sql': 'insert into payment values (2)',
  });
  const counts = await Promise.all(Array.from({ length: 6 }, () => apply(path)));
  assert.deepEqual(counts.sort(), [0, 0, 0, 0, 0, 2]);
  assert.equal((await client.query('select * from payment')).rowCount, 2);
});

test('a mistake in SQL names the file and the line, and nothing of the file is kept', async () => {
  await using schema = await fresh();
  const { apply, client } = schema;
  const path = folder({
    '0001_payment.sql': FIRST,
    '0002_typo.sql': 'insert into payment values (2);\n\nselect nmae\nfrom payment;',
  });
  await assert.rejects(apply(path), {
    code: 'MIGRATION_FAILED',
    message: /0002_typo\.sql, line 3: column "nmae" does not exist/,
  });
  assert.equal((await client.query('select * from payment')).rowCount, 1);
});

test('an applied file that was edited is refused, but not for its line endings', async () => {
  await using schema = await fresh();
  const { apply } = schema;
  const path = folder({ '0001_payment.sql': FIRST });
  await apply(path);
  writeFileSync(join(path, '0001_payment.sql'), FIRST.replaceAll('\n', '\r\n'));
  assert.equal(await apply(path), 0);
  writeFileSync(join(path, '0001_payment.sql'), `${FIRST}-- oops`);
  await assert.rejects(apply(path), {
    code: 'MIGRATION_FAILED',
    message: /0001_payment\.sql differs from what was applied/,
  });
});

test('gaps, doubles and odd names are refused before anything is applied', async () => {
  await using schema = await fresh();
  const { apply, client } = schema;
  for (const [files, message] of [
    [{ '0001_a.sql': FIRST, '0003_c.sql': '' }, /0003_c\.sql leaves a gap: the next number is 0002/],
    [{ '0001_a.sql': FIRST, '0001_b.sql': '' }, /0001_b\.sql is a second one/],
    [{ '0001_a.sql': FIRST, 'later.sql': '' }, /later\.sql is not named like/],
  ] as const)
    await assert.rejects(apply(folder(files)), { code: 'MIGRATION_FAILED', message });
  await assert.rejects(apply('/no/such/folder'), { code: 'MIGRATION_FAILED', message: /\/no\/such\/folder/ });
  assert.equal((await client.query(`select to_regclass('payment') as table`)).rows[0].table, null);
});

test('an older version of the service starts on a database that is ahead of it', async () => {
  await using schema = await fresh();
  const { apply } = schema;
  await apply(folder({ '0001_payment.sql': FIRST, '0002_more.sql': 'select 1' }));
  assert.equal(await apply(folder({ '0001_payment.sql': FIRST })), 0);
});

test('a file that commits by itself is refused', async () => {
  await using schema = await fresh();
  const { apply } = schema;
  await assert.rejects(apply(folder({ '0001_payment.sql': `${FIRST} commit;` })), {
    code: 'MIGRATION_FAILED',
    message: /take COMMIT or ROLLBACK out of it/,
  });
});

test('a table that somebody else holds makes a migration fail rather than hang', {
  timeout: 15_000,
}, async () => {
  await using schema = await fresh();
  const { apply, client } = schema;
  const path = folder({ '0001_payment.sql': FIRST });
  await apply(path);
  writeFileSync(
    join(path, '0002_minor.sql'),
    `set local lock_timeout = '20ms'; alter table payment add minor bigint;`,
  );
  await client.query('begin; select * from payment');
  await assert.rejects(apply(path), { code: 'MIGRATION_FAILED', message: /lock timeout/ });
  await client.query('rollback');
  assert.equal(await apply(path), 1);
});
