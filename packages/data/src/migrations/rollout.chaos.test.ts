/** Version N and version N+1 of a service at work on the same tables while they are migrated, and processes that are killed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testTelemetry } from '@goblin/core';
import type pg from 'pg';
import { embeddedDatabase } from '../fixtures/embedded-database.ts';
import {
  addMigrations,
  type FreshSchema,
  freshSchema,
  migrationFolder,
} from '../fixtures/migration-folder.ts';
import { program, until } from '../fixtures/processes.ts';
import { embeddedSource } from '../source.ts';
import { LOCK_TIMEOUT_MS } from './apply.ts';
import { fillPending } from './backfills.ts';
import { lintMigrations } from './lint/lint.ts';
import { migrate } from './migrate.ts';

const ROWS = 100_000;
const CALLERS = 3;
const ACCOUNT = 'create table account (id int primary key, mail text);';
const { log } = testTelemetry();

/** From the column `mail` to the column `email`, which is in lower case. */
const STEPS = {
  '0002_add_email.expand.sql': `alter table account add column email text;
create function keep_in_step() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and new.email is not distinct from old.email and new.mail is distinct from old.mail then
    new.email := lower(new.mail);
  end if;
  new.email := coalesce(new.email, lower(new.mail));
  new.mail := coalesce(new.mail, new.email);
  return new;
end $$;
create trigger keep_in_step before insert or update on account for each row execute function keep_in_step();`,
  '0003_fill_email.backfill.sql': `-- goblin: backfill table=account key=id batch=1000
update account set email = lower(mail) where id between :first and :last and email is null;`,
  '0004_drop_mail.contract.sql': `drop trigger keep_in_step on account;
drop function keep_in_step();
alter table account drop column mail;`,
};

type Work = (client: pg.Client, id: number) => Promise<unknown>;

const versionN: readonly Work[] = [
  (client, id) => client.query(`update account set mail = 'N' || id where id = $1`, [id]),
  async (client, id) => {
    const { rows } = await client.query('select mail from account where id = $1', [id]);
    assert.ok(rows[0].mail);
  },
  (client, id) =>
    client.query(`insert into account (id, mail) values ($1, 'New') on conflict (id) do nothing`, [-id]),
];

/** Knows the new column, and the old one only to read what is not filled yet. */
const versionNext: readonly Work[] = [
  (client, id) => client.query(`update account set email = 'next' || id where id = $1`, [id]),
  async (client, id) => {
    const { rows } = await client.query('select * from account where id = $1', [id]);
    assert.ok(rows[0].email ?? rows[0].mail);
  },
  (client, id) =>
    client.query(`insert into account (id, email) values ($1, 'new') on conflict (id) do nothing`, [
      -id - ROWS,
    ]),
];

interface Load {
  readonly errors: unknown[];
  statements: number;
  slowestMs: number;
  stop(): Promise<void>;
}

async function load(schema: FreshSchema, works: readonly Work[]): Promise<Load> {
  let running = true;
  const result = { errors: [] as unknown[], statements: 0, slowestMs: 0 };
  const caller = async (): Promise<void> => {
    const client = await schema.connect();
    // Who waits behind a migration waits for that long; twice as much fails.
    await client.query(`set lock_timeout = ${2 * LOCK_TIMEOUT_MS}`);
    while (running) {
      const work = works[result.statements % works.length]!;
      const startedMs = performance.now();
      await work(client, 1 + Math.floor(Math.random() * ROWS)).catch((error) => result.errors.push(error));
      result.statements++;
      result.slowestMs = Math.max(result.slowestMs, performance.now() - startedMs);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  const callers = Array.from({ length: CALLERS }, caller);
  return Object.assign(result, {
    async stop() {
      running = false;
      await Promise.all(callers);
    },
  });
}

test('version N and version N+1 work side by side through expand, backfill and contract without an error', async (t) => {
  await using schema = await freshSchema();
  const folder = migrationFolder({ '0001_account.sql': ACCOUNT });
  await schema.apply(folder);
  await schema.client.query(
    `insert into account select id, 'M' || id from generate_series(1, ${ROWS}) id; analyze account`,
  );
  addMigrations(folder, STEPS);
  assert.deepEqual(await lintMigrations(folder), []);

  const n = await load(schema, versionN);
  // A report of version N holds the table for longer than a migration waits: it has to come back.
  const report = await schema.connect();
  await report.query('begin; select count(*) from account');
  const expanding = schema.apply(folder, { lockPatienceMs: 20_000 });
  const watcher = await schema.connect();
  await until(async () => {
    const { rows } = await watcher.query(
      `select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like 'alter table%'`,
    );
    return rows.length > 0;
  });
  await report.query(`select pg_sleep(${(3 * LOCK_TIMEOUT_MS) / 1_000}); commit`);
  assert.equal(await expanding, 1);

  const next = await load(schema, versionNext);
  const filled = performance.now();
  assert.equal(await fillPending({ ...schema.source, schema: schema.schema, folder, log }, t.signal), true);
  const fillMs = performance.now() - filled;
  await n.stop();
  assert.equal(await schema.apply(folder, { contract: true, lockPatienceMs: 20_000 }), 1);
  const atContract = next.statements;
  await until(() => next.statements > atContract + 100);
  await next.stop();

  assert.deepEqual([n.errors, next.errors], [[], []]);
  const { rows } = await watcher.query('select count(*)::int as empty from account where email is null');
  assert.equal(rows[0].empty, 0);
  t.diagnostic(
    `${n.statements} + ${next.statements} statements, slowest ${n.slowestMs.toFixed(0)} and ${next.slowestMs.toFixed(0)} ms; ${ROWS} rows filled in ${(fillMs / 1_000).toFixed(1)} s`,
  );
});

test('a backfill that is killed goes on where it stood', async () => {
  await using home = await embeddedDatabase();
  const schema = 'filled';
  const db = await home.open(schema);
  const folder = migrationFolder({ '0001_account.sql': ACCOUNT });
  const source = await embeddedSource(home.folder, schema, schema);
  try {
    await migrate({ target: source.target, schema, folder, log });
    await db.query(`insert into account select id, 'A' || id from generate_series(1, 3000) id`);
    addMigrations(folder, {
      '0002_add_email.sql':
        'alter table account add column email text, add column times int not null default 0;',
      '0003_fill.backfill.sql': `-- goblin: backfill table=account key=id batch=20
update account set times = times + 1 where id between :first and :last`,
    });
    await migrate({ target: source.target, schema, folder, log });
    let stoodAt = 0;
    for (let kills = 0; kills < 3; kills++) {
      const filler = program('filler', home.folder, schema, folder);
      for (let steps = 0; steps < 4; steps++) stoodAt = await filler.next<number>();
      await filler.kill();
      assert.ok(stoodAt > 0);
    }
    await using last = program('filler', home.folder, schema, folder);
    assert.ok((await last.next<number>()) >= stoodAt);
    await until(async () => {
      const { finished } = await db.one<{ finished: boolean }>(
        'select finished_at is not null as finished from goblin_backfill',
      );
      return finished;
    });
    const rows = await db.many('select times, count(*)::int as n from account group by times');
    assert.deepEqual(rows, [{ times: 1, n: 3000 }]);
  } finally {
    await source.release();
  }
});
