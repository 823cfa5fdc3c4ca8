import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createConfig, createRuntime, testTelemetry } from '@goblin/core';
import type { Database } from '../database/database.ts';
import {
  addMigrations,
  type FreshSchema,
  freshSchema,
  migrationFolder,
} from '../fixtures/migration-folder.ts';
import { until } from '../fixtures/processes.ts';
import { postgres } from '../postgres.ts';
import { fillPending } from './backfills.ts';
import { type MigrationView, migrationPlan, migrationStatus } from './overview.ts';
import { openSession } from './session.ts';

const ACCOUNT = 'create table account (id int primary key, mail text);';
const EXPAND = 'alter table account add column email text;';
const FILL = `-- goblin: backfill table=account key=id batch=50
update account set email = lower(mail) where id between :first and :last and email is distinct from lower(mail);`;
const CONTRACT = 'alter table account drop column mail;';
const { log } = testTelemetry();

/** A schema at 0001 with so many rows, and a folder that goes on to 0004. */
async function halfWay(rows: number): Promise<{ schema: FreshSchema; folder: string }> {
  const schema = await freshSchema();
  const folder = migrationFolder({ '0001_account.sql': ACCOUNT });
  await schema.apply(folder);
  await schema.client.query(`insert into account select id, 'A' || id from generate_series(1, ${rows}) id`);
  addMigrations(folder, {
    '0002_add_email.expand.sql': EXPAND,
    '0003_fill_email.backfill.sql': FILL,
    '0004_drop_mail.contract.sql': CONTRACT,
  });
  return { schema, folder };
}

function fill(
  { schema, source }: FreshSchema,
  folder: string,
  signal = new AbortController().signal,
): Promise<boolean> {
  return fillPending({ ...source, schema, folder, log }, signal);
}

async function views({ schema, source }: FreshSchema, folder: string): Promise<readonly MigrationView[]> {
  await using session = await openSession(source.target);
  return (await migrationStatus(session, schema, folder)).migrations;
}

async function states(schema: FreshSchema, folder: string): Promise<string[]> {
  return (await views(schema, folder)).map(({ state }) => state);
}

test('a service that starts expands only; rows are filled beside it; what contracts waits until it is asked for', async () => {
  const { schema, folder } = await halfWay(220);
  await using _ = schema;
  assert.equal(await schema.apply(folder), 1);
  assert.deepEqual(await states(schema, folder), ['applied', 'applied', 'pending', 'pending']);
  await assert.rejects(schema.apply(folder, { contract: true }), {
    code: 'FAILED_PRECONDITION',
    message: /0004_drop_mail\.contract\.sql has to wait for 0003_fill_email\.backfill\.sql/,
  });
  assert.equal(await fill(schema, folder), true);
  assert.deepEqual(await states(schema, folder), ['applied', 'applied', 'applied', 'pending']);
  const { progress } = (await views(schema, folder))[2]!;
  assert.deepEqual([progress?.rows, progress?.changed, progress?.position], [220, 220, '220']);
  assert.equal(await schema.apply(folder), 0);
  assert.equal(await schema.apply(folder, { contract: true }), 1);
  assert.deepEqual((await schema.client.query('select * from account where id = 7')).rows, [
    { id: 7, email: 'a7' },
  ]);
});

test('postgres() expands before the service starts and fills rows beside it', async () => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'goblin-service-'));
  chmodSync(dataFolder, 0o711);
  after(() => rmSync(dataFolder, { recursive: true }));
  const service = 'accounts';
  const start = async (folder: string): Promise<[Database, AsyncDisposable]> => {
    const runtime = createRuntime({
      service,
      instance: 'accounts-1',
      telemetry: testTelemetry(),
      config: createConfig({ service, env: {} }).read,
      dataFolder,
      stopping: new AbortController().signal,
    });
    return [await runtime.use(postgres({ migrations: folder })), runtime];
  };
  const folder = migrationFolder({ '0001_account.sql': ACCOUNT });
  const [first, runtimeN] = await start(folder);
  await first.query(`insert into account select id, 'A' || id from generate_series(1, 20) id`);
  await runtimeN[Symbol.asyncDispose]();
  addMigrations(folder, { '0002_add_email.sql': EXPAND, '0003_fill_email.backfill.sql': FILL });
  const [second, runtimeNext] = await start(folder);
  await using _ = runtimeNext;
  await until(async () => (await second.query('select 1 from account where email is not null')).count === 20);
});

test('a row that an older version writes behind the backfill is filled before the contract', async () => {
  const { schema, folder } = await halfWay(120);
  await using _ = schema;
  await schema.apply(folder);
  await fill(schema, folder);
  await schema.client.query(`insert into account (id, mail) values (-5, 'LATE')`);
  await schema.client.query(`update account set mail = 'CHANGED' where id = 3`);
  await schema.apply(folder, { contract: true });
  const { rows } = await schema.client.query('select email from account where id in (-5, 3) order by id');
  assert.deepEqual(rows, [{ email: 'late' }, { email: 'changed' }]);
});

test('on a fresh schema, where no older version runs, everything is applied in order, also after a first attempt that failed', async () => {
  await using schema = await freshSchema();
  const seeded = `${ACCOUNT} insert into account values (1, 'A')`;
  const files = {
    '0001_account.sql': seeded,
    '0002_add_email.sql': EXPAND,
    '0003_fill_email.backfill.sql': FILL,
    '0004_drop_mail.contract.sql': CONTRACT,
  };
  const folder = migrationFolder({ ...files, '0005_again.sql': 'alter table account add mail int; selekt' });
  await assert.rejects(schema.apply(folder), { message: /0005_again\.sql, line 1: syntax error/ });
  addMigrations(folder, { '0005_again.sql': 'alter table account add mail int' });
  assert.equal(await schema.apply(folder), 1);
  addMigrations(folder, { '0006_drop.contract.sql': CONTRACT });
  assert.equal(await schema.apply(folder), 0);
  assert.deepEqual((await schema.client.query('select * from account')).rows, [
    { id: 1, email: 'a', mail: null },
  ]);
});

test('a backfill gives way to who holds a row, and fills it afterwards', async () => {
  const { schema, folder } = await halfWay(100);
  await using _ = schema;
  await schema.apply(folder);
  await schema.client.query('begin; update account set mail = mail where id = 60');
  const filling = fill(schema, folder);
  const watcher = await schema.connect();
  await until(async () => {
    const { rowCount } = await watcher.query(
      `select 1 from pg_stat_activity where wait_event_type = 'Lock' and usename = current_user`,
    );
    return rowCount === 1;
  });
  await schema.client.query('select pg_sleep(0.7)');
  await schema.client.query('commit');
  assert.equal(await filling, true);
  assert.equal((await watcher.query('select 1 from account where email is null')).rowCount, 0);
});

test('one process fills at a time, and a stopped one leaves what it committed', async () => {
  const { schema, folder } = await halfWay(2_000);
  await using _ = schema;
  await schema.apply(folder);
  // It would be over before anybody has looked.
  await schema.client.query(`
    create function rest() returns trigger language plpgsql as 'begin perform pg_sleep(0.005); return new; end';
    create trigger rest before update on account for each row execute function rest()`);
  const stop = new AbortController();
  const first = fill(schema, folder, stop.signal);
  await until(async () => (await states(schema, folder))[2] === 'filling');
  assert.equal(await fill(schema, folder), false);
  stop.abort(new Error('enough'));
  await assert.rejects(first, /enough/);
  const stoodAt = (await views(schema, folder))[2]!.progress!.rows;
  const filled = await schema.client.query('select count(*)::int as n from account where email is not null');
  assert.equal(filled.rows[0].n, stoodAt);
  await schema.client.query('drop trigger rest on account');
  assert.equal(await fill(schema, folder), true);
  assert.equal((await views(schema, folder))[2]!.progress!.rows, 2_000);
});

test('a backfill over a key without an index, or with nulls, is refused', async () => {
  const { schema, folder } = await halfWay(1);
  await using _ = schema;
  addMigrations(folder, { '0003_fill_email.backfill.sql': FILL.replaceAll('key=id', 'key=mail') });
  await schema.apply(folder);
  await assert.rejects(fill(schema, folder), {
    code: 'MIGRATION_FAILED',
    message: /account\.mail may be null/,
  });
  await schema.client.query('alter table account alter mail set not null');
  await assert.rejects(fill(schema, folder), {
    code: 'MIGRATION_FAILED',
    message: /account\.mail has no index/,
  });
});

test('keys of text and uuid, in any number of batches, are walked through without a gap', async () => {
  await using schema = await freshSchema();
  const folder = migrationFolder({
    '0001_thing.sql': `create table thing (id uuid primary key default gen_random_uuid(), name text not null, seen int not null default 0);
      create index on thing (name);`,
  });
  await schema.apply(folder);
  // Many rows share a name: batches end between names, not within one.
  await schema.client.query(`insert into thing (name) select 'ä' || (n % 37) from generate_series(1, 500) n`);
  addMigrations(folder, {
    '0002_seen.backfill.sql':
      '-- goblin: backfill table=thing key=id batch=7\nupdate thing set seen = seen + 1 where id between :first and :last',
    '0003_named.backfill.sql':
      '-- goblin: backfill table=thing key=name batch=7\nupdate thing set seen = seen + 10 where name between :first and :last and seen < 10',
  });
  await schema.apply(folder);
  await fill(schema, folder);
  const { rows } = await schema.client.query('select distinct seen from thing');
  assert.deepEqual(rows, [{ seen: 11 }]);
});

test('the plan says when each file runs and what its locks keep others from', async () => {
  const { schema, folder } = await halfWay(1);
  await using _ = schema;
  addMigrations(folder, {
    '0005_team.sql':
      'create table team (id int primary key, account int references account (id)); create index on account (email);',
  });
  await using session = await openSession(schema.source.target);
  const plan = await migrationPlan(session, schema.schema, folder);
  assert.deepEqual(
    plan.map(({ when, statements, findings }) => [
      when,
      statements.flatMap(({ locks }) => locks),
      findings.map(({ rule }) => rule),
    ]),
    [
      ['start', ['account: ACCESS EXCLUSIVE: nobody reads or writes it meanwhile'], []],
      ['background', ['account: ROW EXCLUSIVE: everybody reads it; who writes the same rows waits'], []],
      ['contract', ['account: ACCESS EXCLUSIVE: nobody reads or writes it meanwhile'], []],
      [
        'start',
        [
          'account: SHARE ROW EXCLUSIVE: everybody reads it, nobody writes it meanwhile',
          'account: SHARE: everybody reads it, nobody writes it meanwhile',
        ],
        ['index-concurrently'],
      ],
    ],
  );
});

test('the status shows a file that was changed, and one that another version has applied', async () => {
  const { schema, folder } = await halfWay(1);
  await using _ = schema;
  await schema.apply(folder);
  const older = migrationFolder({ '0001_account.sql': `${ACCOUNT} -- oops` });
  assert.deepEqual(await states(schema, older), ['drifted', 'missing']);
});
