import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { testTelemetry } from '@goblin/core';
import { addMigrations, freshSchema, migrationFolder } from '../fixtures/migration-folder.ts';
import { until } from '../fixtures/processes.ts';

const FIRST = 'create table payment (id int primary key);\ninsert into payment values (1);\n';

test('files are applied once, in order, and recorded', async () => {
  await using schema = await freshSchema();
  const { apply, client } = schema;
  const path = migrationFolder({ '0001_payment.sql': FIRST, 'notes.txt': 'not one of them' });
  assert.equal(await apply(path), 1);
  assert.equal(await apply(path), 0);
  writeFileSync(join(path, '0002_minor.sql'), 'alter table payment add minor bigint;');
  assert.equal(await apply(path), 1);
  const { rows } = await client.query('select name from goblin_migration order by number');
  assert.deepEqual(rows, [{ name: '0001_payment.sql' }, { name: '0002_minor.sql' }]);
});

test('instances that start at the same time apply each file once', async () => {
  await using schema = await freshSchema();
  const { apply, client } = schema;
  const path = migrationFolder({
    '0001_payment.sql': `${FIRST} select pg_sleep(0.1);`,
    '0002_more.sql': 'insert into payment values (2)',
  });
  const counts = await Promise.all(Array.from({ length: 6 }, () => apply(path)));
  assert.deepEqual(counts.sort(), [0, 0, 0, 0, 0, 2]);
  assert.equal((await client.query('select * from payment')).rowCount, 2);
});

test('a mistake in SQL names the file and the line, and nothing of the file is kept', async () => {
  await using schema = await freshSchema();
  const { apply, client } = schema;
  const path = migrationFolder({
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
  await using schema = await freshSchema();
  const { apply } = schema;
  const path = migrationFolder({ '0001_payment.sql': FIRST });
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
  await using schema = await freshSchema();
  const { apply, client } = schema;
  for (const [files, message] of [
    [{ '0001_a.sql': FIRST, '0003_c.sql': '' }, /0003_c\.sql leaves a gap: the next number is 0002/],
    [{ '0001_a.sql': FIRST, '0001_b.sql': '' }, /0001_b\.sql is a second one/],
    [{ '0001_a.sql': FIRST, 'later.sql': '' }, /later\.sql is not named like/],
  ] as const)
    await assert.rejects(apply(migrationFolder(files)), { code: 'MIGRATION_FAILED', message });
  await assert.rejects(apply('/no/such/folder'), { code: 'MIGRATION_FAILED', message: /\/no\/such\/folder/ });
  assert.equal((await client.query(`select to_regclass('payment') as table`)).rows[0].table, null);
});

test('an older version of the service starts on a database that is ahead of it', async () => {
  await using schema = await freshSchema();
  const { apply } = schema;
  await apply(migrationFolder({ '0001_payment.sql': FIRST, '0002_more.sql': 'select 1' }));
  assert.equal(await apply(migrationFolder({ '0001_payment.sql': FIRST })), 0);
});

test('a file that commits by itself is refused', async () => {
  await using schema = await freshSchema();
  const { apply } = schema;
  await assert.rejects(apply(migrationFolder({ '0001_payment.sql': `${FIRST} commit;` })), {
    code: 'MIGRATION_FAILED',
    message: /take COMMIT or ROLLBACK out of it/,
  });
});

test('a table that somebody else holds for long makes a migration fail rather than hang', async () => {
  await using schema = await freshSchema();
  const { apply, client } = schema;
  const path = migrationFolder({ '0001_payment.sql': FIRST });
  await apply(path);
  addMigrations(path, { '0002_minor.sql': 'alter table payment add minor bigint;' });
  await client.query('begin; select * from payment');
  await assert.rejects(apply(path, { lockPatienceMs: 700 }), {
    code: 'MIGRATION_FAILED',
    message: /0002_minor\.sql: lock timeout: in [2-9] tries within 0\.7 s/,
  });
  await client.query('rollback');
  assert.equal(await apply(path), 1);
});

test('a migration that does not get its lock lets others pass and comes back', async () => {
  await using schema = await freshSchema();
  const { apply, client } = schema;
  const path = migrationFolder({ '0001_payment.sql': FIRST });
  await apply(path);
  addMigrations(path, { '0002_minor.sql': 'alter table payment add minor bigint;' });
  await client.query('begin; select * from payment');
  const applying = apply(path, { lockPatienceMs: 20_000 });
  const other = await schema.connect();
  await until(async () => {
    const { rowCount } = await other.query(
      `select 1 from pg_locks where not granted and mode = 'AccessExclusiveLock'`,
    );
    return rowCount === 1;
  });
  // Queues behind the migration, which gives way long before the first transaction ends.
  await other.query('select * from payment');
  await client.query('commit');
  assert.equal(await applying, 1);
});

test('an index is built concurrently while other instances wait for their turn', async () => {
  await using schema = await freshSchema();
  const { apply, client } = schema;
  const path = migrationFolder({ '0001_payment.sql': FIRST });
  await apply(path);
  addMigrations(path, {
    '0002_index.sql':
      '-- goblin: no transaction\ncreate index concurrently if not exists payment_again on payment (id);',
  });
  // The building waits for this transaction, and meanwhile the others for the building.
  await client.query('begin isolation level repeatable read; select 1');
  const applying = Array.from({ length: 4 }, () => apply(path));
  const other = await schema.connect();
  await until(async () => {
    const { rowCount } = await other.query(
      `select 1 from pg_locks where not granted and locktype = 'virtualxid'`,
    );
    return rowCount === 1;
  });
  await client.query('commit');
  assert.deepEqual((await Promise.all(applying)).sort(), [0, 0, 0, 1]);
});

test('an index whose building was cut off is built anew', async () => {
  await using schema = await freshSchema();
  const { apply, client } = schema;
  const path = migrationFolder({
    '0001_payment.sql': `${FIRST} create table twice as select 1 as id union all select 1;`,
  });
  await apply(path);
  await assert.rejects(
    client.query('create unique index concurrently twice_key on twice (id)'),
    /could not create/,
  );
  await client.query('delete from twice');
  addMigrations(path, {
    '0002_key.sql':
      '-- goblin: no transaction\ncreate unique index concurrently if not exists twice_key on twice (id);',
  });
  assert.equal(await apply(path), 1);
  const { rows } = await client.query(
    `select indisvalid from pg_index where indexrelid = 'twice_key'::regclass`,
  );
  assert.deepEqual(rows, [{ indisvalid: true }]);
});

test('a file outside of a transaction has one statement, because nothing undoes the first when the second fails', async () => {
  await using schema = await freshSchema();
  const path = migrationFolder({ '0001_a.sql': '-- goblin: no transaction\nselect 1; select 2;' });
  await assert.rejects(schema.apply(path), { code: 'MIGRATION_FAILED', message: /has 2 statements/ });
});

test('a service that starts is warned of what would keep others waiting, but not where nobody waits yet', async () => {
  await using schema = await freshSchema();
  const warned: string[] = [];
  const log = { ...testTelemetry().log, warn: (...args: unknown[]) => void warned.push(String(args.at(-1))) };
  const index = 'create index on payment (id);';
  const path = migrationFolder({ '0001_payment.sql': FIRST, '0002_index.sql': index });
  await schema.apply(path, { lint: true, log: log as never });
  assert.deepEqual(warned, []);
  addMigrations(path, { '0003_index.sql': index });
  await schema.apply(path, { lint: true, log: log as never });
  assert.equal(warned.length, 1);
  assert.match(
    warned[0]!,
    /0003_index\.sql:1 index-concurrently: [\s\S]* create index concurrently if not exists/,
  );
});

test('a connection that breaks while it looks what there is to do fails with a code, not with the words of the driver', async () => {
  await using schema = await freshSchema();
  const { apply, client, connect } = schema;
  const path = migrationFolder({ '0001_payment.sql': FIRST });
  await apply(path);
  const holder = await connect();
  await holder.query('begin; lock table goblin_migration');
  const refused = assert.rejects(apply(path), { code: 'DATABASE_UNAVAILABLE' });
  const endWaiting = `select pg_terminate_backend(pid) from pg_stat_activity
    where usename = current_user and wait_event_type = 'Lock'`;
  await until(async () => (await client.query(endWaiting)).rowCount === 1);
  await refused;
});
