import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testTelemetry } from '@goblin/core';
import type { Database } from '../database/database.ts';
import { sql } from '../database/sql.ts';
import { newEventType, numberedConsumer, publishAll } from '../fixtures/event-type.ts';
import { until } from '../fixtures/processes.ts';
import { type ScratchDatabase, scratchDatabase } from '../fixtures/scratch-database.ts';
import { migratePlatform } from '../platform/platform.ts';
import { keepEventDays } from './expire.ts';
import { listParkedEvents } from './operate-parked.ts';

interface Days extends AsyncDisposable {
  readonly scratch: ScratchDatabase;
  readonly owner: Database;
  readonly service: Database;
  /** Moves all events so many days into the past, into the tables of those days. */
  age(days: number): Promise<void>;
  tables(): Promise<string[]>;
}

async function migrated(): Promise<Days> {
  const scratch = await scratchDatabase();
  await migratePlatform(scratch.owner, testTelemetry().log);
  const owner = await scratch.open();
  const service = await scratch.open('service');
  // As in a database that has been there for long.
  await owner.query(`do $$
    declare v_name text;
    begin
      select relname into v_name from pg_class where relname ~ '^event_before_[0-9]{8}$';
      execute 'drop table goblin.' || v_name;
    end $$`);
  for (let ago = 40; ago >= 0; ago--)
    await owner.query(`do $$
      declare v_day date := (now() at time zone 'UTC')::date - ${ago};
      begin
        if to_regclass('goblin.event_' || to_char(v_day, 'YYYYMMDD')) is null then
          execute format('create table goblin.%I partition of goblin.event for values from (%L) to (%L)',
            'event_' || to_char(v_day, 'YYYYMMDD'), v_day || ' 00:00:00+00', v_day + 1 || ' 00:00:00+00');
        end if;
      end $$`);
  return {
    scratch,
    owner,
    service,
    async age(days) {
      await owner.query(
        sql`update goblin.event set published_at = published_at - make_interval(days => ${days})`,
      );
    },
    async tables() {
      const rows = await owner.many<{ name: string }>(
        `select relname as name from pg_inherits join pg_class on pg_class.oid = inhrelid
         where inhparent = 'goblin.event'::regclass order by 1`,
      );
      return rows.map(({ name }) => name);
    },
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

const numbersIn = async (db: Database): Promise<number[]> =>
  (await db.many<{ n: number }>(`select (payload->>'n')::int as n from goblin.event order by xid, id`)).map(
    ({ n }) => n,
  );

test('a day is dropped when it ended 30 days ago and every group has passed its events', async () => {
  await using days = await migrated();
  const { service, owner } = days;
  const numbered = newEventType();
  await using consumer = numberedConsumer(service, numbered);
  await publishAll(service, numbered, [1]);
  await until(() => consumer.seen.length === 1);
  await days.age(32);
  await publishAll(service, numbered, [2]);
  await until(() => consumer.seen.length === 2);
  const before = (await days.tables()).length;
  const { dropped } = await keepEventDays(service);
  // The days 40 to 31 days ago.
  assert.ok(dropped.length >= 9 && dropped.length <= 10, dropped.join());
  assert.deepEqual(await numbersIn(owner), [2]);
  assert.equal((await days.tables()).length, before - dropped.length);
  assert.deepEqual((await keepEventDays(service)).dropped, []);
});

test('a consumer that is behind keeps the days of its events, and finds all of them when it comes back', async () => {
  await using days = await migrated();
  const { service, owner } = days;
  const numbered = newEventType();
  const numbers = Array.from({ length: 250 }, (_, n) => n);
  {
    await using fast = numberedConsumer(service, numbered, { group: 'fast' });
    await using slow = numberedConsumer(service, numbered, { group: 'slow' }, ({ payload }) => {
      if (payload.n >= 100) throw new Error('not yet');
    });
    await publishAll(service, numbered, numbers.slice(0, 101), (n) => `key ${n % 7}`);
    await until(() => fast.seen.length === 101 && slow.seen.length === 100);
    await publishAll(service, numbered, numbers.slice(101), (n) => `key ${n % 7}`);
    await until(() => fast.seen.length === 250);
  }
  await days.age(33);
  await keepEventDays(service);
  assert.deepEqual(await numbersIn(owner), numbers);
  // Lanes go their own ways.
  await using slow = numberedConsumer(service, numbered, { group: 'slow', parallel: 3 });
  await until(() => slow.seen.length === 150);
  assert.deepEqual(
    slow.seen.toSorted((a, b) => a - b),
    numbers.slice(100),
  );
  assert.equal((await keepEventDays(service)).dropped.length, 1);
  assert.deepEqual(await numbersIn(owner), []);
});

test('an event that is parked outlives its day', async () => {
  await using days = await migrated();
  const { service, owner } = days;
  const numbered = newEventType();
  await using _consumer = numberedConsumer(service, numbered, { attempts: 1 }, () => {
    throw new Error('no');
  });
  await publishAll(service, numbered, [1]);
  await until(async () => (await listParkedEvents(service)).length === 1);
  await days.age(35);
  await keepEventDays(service);
  assert.deepEqual(await numbersIn(owner), []);
  assert.deepEqual((await listParkedEvents(service))[0]?.payload, { n: 1 });
});

test('when no day was made, events go to the default table, and are consumed and deleted as others', async () => {
  await using days = await migrated();
  const { service, owner } = days;
  const today = await owner.one<{ name: string }>(
    `select 'event_' || to_char(now() at time zone 'UTC', 'YYYYMMDD') as name`,
  );
  await owner.query(`drop table goblin.${today.name}`);
  const numbered = newEventType();
  await using consumer = numberedConsumer(service, numbered);
  await publishAll(service, numbered, [1, 2]);
  await until(() => consumer.seen.length === 2);
  // Its day is not made any more: it is in the default table already.
  await keepEventDays(service);
  assert.ok(!(await days.tables()).includes(today.name));
  await owner.query(`update goblin.event_default set published_at = published_at - interval '90 days'`);
  assert.equal((await keepEventDays(service)).deleted, 2);
  assert.ok((await days.tables()).includes(today.name));
  assert.deepEqual(await numbersIn(owner), []);
});

test('days to come are made; who holds the events is not waited for longer than 100 ms, and nobody waits behind', async () => {
  await using days = await migrated();
  const { service, owner } = days;
  const { name } = await owner.one<{ name: string }>(
    `select 'event_' || to_char(now() at time zone 'UTC' + interval '1 day', 'YYYYMMDD') as name`,
  );
  await owner.query(`drop table goblin.${name}`);
  const numbered = newEventType();
  let keeping: Promise<unknown> | undefined;
  await owner.transaction(async (tx) => {
    await tx.query('lock table goblin.event in row exclusive mode');
    const begunMs = performance.now();
    await assert.rejects(service.query('select goblin.make_event_days()'), { code: 'CONFLICT' });
    assert.ok(performance.now() - begunMs < 2_000);
    keeping = keepEventDays(service);
    await publishAll(service, numbered, [1]);
  });
  await keeping;
  assert.ok((await days.tables()).includes(name));
});

test('a service can neither make nor drop days itself, nor write past the table', async () => {
  await using days = await migrated();
  const [name] = await days.tables();
  for (const statement of [
    `drop table goblin.${name}`,
    `insert into goblin.${name} (type, payload) values ('a.b', '{}')`,
    `insert into goblin.event (type, payload, published_at) values ('a.b', '{}', now() - interval '40 days')`,
    'delete from goblin.event_default',
  ])
    await assert.rejects(days.service.query(statement), { code: 'FORBIDDEN' }, statement);
});
