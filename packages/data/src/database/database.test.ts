import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cancellation, context, createLogger, isGoblinError, systemClock, testTelemetry } from '@goblin/core';
import type { Generated } from 'kysely';
import { until } from '../fixtures/processes.ts';
import { testDatabase } from '../testing/test-database.ts';
import type { Database } from './database.ts';
import { MAX_WAITING } from './pool.ts';
import { sql } from './sql.ts';

interface Tables {
  payment: { id: Generated<number>; reference: string; minor: number };
}

async function paymentDatabase(options?: Parameters<typeof testDatabase>[0]): Promise<Database> {
  const db = await testDatabase(options);
  await db.query(
    'create table payment (id bigint generated always as identity primary key, reference text not null unique, minor bigint check (minor > 0))',
  );
  return db;
}

function within<T>(ms: number, work: () => Promise<T>): Promise<T> {
  return context.run({ deadline: systemClock.now() + ms }, work);
}

/** How many statements of this schema the server works on. */
async function active(db: Database): Promise<number> {
  const { count } = await db.one<{ count: number }>(
    sql`select count(*) from pg_stat_activity where state = 'active' and application_name = ${db.schema} and pid <> pg_backend_pid()`,
  );
  return count;
}

test('rows come as they were put in, exact or not at all', async () => {
  await using db = await testDatabase();
  const row = await db.one(sql`select
    ${'x'} as text, ${42}::int8 as big, ${'0.10'}::numeric as exact, ${{ a: [1] }}::jsonb as json,
    ${'2026-03-29'}::date as day, ${null}::text as nothing, ${['a', 'b']}::text[] as list`);
  assert.deepEqual(row, {
    text: 'x',
    big: 42,
    exact: '0.10',
    json: { a: [1] },
    day: '2026-03-29',
    nothing: null,
    list: ['a', 'b'],
  });
  await assert.rejects(db.one('select 9007199254740993::int8'), /larger than JavaScript can hold/);
});

test('one, maybeOne and many hold the caller to what it expects', async () => {
  await using db = await testDatabase();
  assert.deepEqual(await db.many('select generate_series(1, 3) as n'), [{ n: 1 }, { n: 2 }, { n: 3 }]);
  assert.equal(await db.maybeOne('select 1 where false'), undefined);
  await assert.rejects(db.one('select 1 where false'), { code: 'NOT_FOUND' });
  await assert.rejects(db.one('select generate_series(1, 2)'), { code: 'INTERNAL' });
});

test('broken rules are coded errors that name the constraint and quote no row', async () => {
  await using db = await paymentDatabase();
  const insert = (reference: string | null, minor: number): Promise<unknown> =>
    db.query(sql`insert into payment (reference, minor) values (${reference}, ${minor})`);
  await insert('secret-reference', 1);
  await assert.rejects(insert('secret-reference', 1), (error) => {
    assert.ok(isGoblinError(error, 'ALREADY_EXISTS'));
    assert.equal(error.data?.constraint, 'payment_reference_key');
    assert.doesNotMatch(JSON.stringify(error), /secret-reference/);
    return true;
  });
  await assert.rejects(insert('b', -1), {
    code: 'FAILED_PRECONDITION',
    data: { sqlState: '23514', constraint: 'payment_minor_check', table: 'payment' },
  });
  await assert.rejects(db.query('select nothing from nowhere'), {
    code: 'INTERNAL',
    data: { sqlState: '42P01' },
  });
});

test('a transaction keeps everything or nothing', async () => {
  await using db = await paymentDatabase();
  const add = (reference: string) => sql`insert into payment (reference, minor) values (${reference}, 1)`;
  const kept = await db.transaction(async (tx) => {
    await Promise.all([tx.query(add('a')), tx.query(add('b'))]);
    return 'kept';
  });
  assert.equal(kept, 'kept');
  const broken = db.transaction(async (tx) => {
    await tx.query(add('c'));
    throw new Error('changed my mind');
  });
  await assert.rejects(broken, /changed my mind/);
  const swallowed = db.transaction(async (tx) => {
    await tx.query(add('d'));
    await tx.query(add('a')).catch(() => {});
  });
  await assert.rejects(swallowed, { code: 'INTERNAL', message: /nothing was kept/ });
  assert.deepEqual(await db.many('select reference from payment order by 1'), [
    { reference: 'a' },
    { reference: 'b' },
  ]);
});

test('afterCommit hears of commits only, and an ended transaction takes no statements', async () => {
  await using db = await testDatabase();
  const heard: string[] = [];
  const late = await db.transaction(async (tx) => {
    tx.afterCommit(() => heard.push('committed'));
    return tx;
  });
  await db
    .transaction(async (tx) => {
      tx.afterCommit(() => heard.push('rolled back'));
      throw new Error('no');
    })
    .catch(() => {});
  assert.deepEqual(heard, ['committed']);
  await assert.rejects(late.query('select 1'), /the transaction has ended/);
});

test('a serialization conflict is CONFLICT, and is tried again when asked', async () => {
  await using db = await testDatabase();
  await db.query('create table counter (n int)');
  await db.query('insert into counter values (0)');
  let reading = 4;
  const allHaveRead = Promise.withResolvers<void>();
  const increment = (retrySerialization: number): Promise<unknown> =>
    db.transaction(
      async (tx) => {
        const { n } = await tx.one<{ n: number }>('select n from counter');
        if (--reading === 0) allHaveRead.resolve();
        await allHaveRead.promise;
        await tx.query(sql`update counter set n = ${n + 1}`);
      },
      { isolation: 'serializable', retrySerialization },
    );
  const once = await Promise.allSettled(Array.from({ length: 4 }, () => increment(0)));
  const conflicts = once.filter((outcome) => outcome.status === 'rejected');
  assert.ok(conflicts.length > 0);
  for (const { reason } of conflicts as PromiseRejectedResult[]) assert.equal(reason.code, 'CONFLICT');
  await db.query('update counter set n = 0');
  await Promise.all(Array.from({ length: 4 }, () => increment(20)));
  assert.deepEqual(await db.one('select n from counter'), { n: 4 });
});

test('Kysely builds typed statements over the same connections and transactions', async () => {
  await using db = await paymentDatabase();
  await db.transaction(async (tx) => {
    const { id } = await tx
      .kysely<Tables>()
      .insertInto('payment')
      .values({ reference: 'k', minor: 1999 })
      .returning('id')
      .executeTakeFirstOrThrow();
    const { numUpdatedRows } = await tx
      .kysely<Tables>()
      .updateTable('payment')
      .set({ minor: 2000 })
      .where('id', '=', id)
      .executeTakeFirst();
    assert.equal(numUpdatedRows, 1n);
  });
  const rows = await db.kysely<Tables>().selectFrom('payment').select(['reference', 'minor']).execute();
  assert.deepEqual(rows, [{ reference: 'k', minor: 2000 }]);
  await assert.rejects(
    db
      .kysely<Tables>()
      .transaction()
      .execute(async () => {}),
    { code: 'UNIMPLEMENTED' },
  );
});

test('a statement ends at the deadline, on the server too, and the connection is good afterwards', async () => {
  // Neither the database's own limit nor the statement's end would be met before the test is given up.
  await using db = await testDatabase({ poolSize: 1, timeoutMs: 3_600_000 });
  await assert.rejects(
    within(60, () => db.query('select pg_sleep(3600)')),
    { code: 'DEADLINE_EXCEEDED' },
  );
  await until(async () => (await active(db)) === 0);
  const backend = (): Promise<{ pid: number }> => db.one('select pg_backend_pid() as pid');
  let before = (await backend()).pid;
  let kept = 0;
  for (let i = 0; i < 20 || kept === 0; i++) {
    await assert.rejects(within(15, () => db.query('select pg_sleep(3600)')));
    // A stray cancellation would fail this one. On a busy machine a cancelled statement may end too late to be waited
    // for, but not each time.
    const { pid } = await backend();
    if (pid === before) kept++;
    before = pid;
  }
});

test('without a deadline a statement may take as long as the database allows', async () => {
  await using db = await testDatabase({ timeoutMs: 50 });
  await assert.rejects(db.query('select pg_sleep(30)'), { code: 'DEADLINE_EXCEEDED' });
});

test('a caller that leaves cancels its statement', async () => {
  await using db = await testDatabase();
  const cancellation = new Cancellation();
  const running = context.run({ cancellation }, () => db.query('select pg_sleep(30)'));
  await until(async () => (await active(db)) === 1);
  cancellation.cancel(new Error('gone'));
  await assert.rejects(running, { code: 'CANCELED' });
  await until(async () => (await active(db)) === 0);
});

test('a transaction that is no longer wanted is rolled back, even at its last moment', async () => {
  await using db = await paymentDatabase({ poolSize: 1 });
  const cancellation = new Cancellation();
  const late = context.run({ cancellation }, () =>
    db.transaction(async (tx) => {
      await tx.query(sql`insert into payment (reference, minor) values ('late', 1)`);
      cancellation.cancel(new Error('gone'));
    }),
  );
  await assert.rejects(late, { code: 'CANCELED' });
  const slow = within(60, () =>
    db.transaction(async (tx) => {
      await tx.query(sql`insert into payment (reference, minor) values ('slow', 1)`);
      await tx.query('select pg_sleep(30)');
    }),
  );
  await assert.rejects(slow, { code: 'DEADLINE_EXCEEDED' });
  assert.deepEqual(await db.many('select * from payment'), []);
});

test('the server itself knows the deadline of a transaction', async () => {
  await using db = await testDatabase({ timeoutMs: 3_600_000 });
  const { ms } = await within(60_000, () =>
    db.transaction((tx) =>
      tx.one<{ ms: number }>(`select setting::int as ms from pg_settings where name = 'statement_timeout'`),
    ),
  );
  assert.ok(ms > 0 && ms <= 60_000, `${ms} ms`);
});

test('callers wait for a connection in turn, until their deadline, and not too many of them', async () => {
  await using db = await testDatabase({ poolSize: 1 });
  const order: number[] = [];
  const begun = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  const occupied = db.transaction(async () => {
    begun.resolve();
    await finish.promise;
  });
  await begun.promise;
  const waiting = [1, 2, 3].map((n) => db.query('select 1').then(() => order.push(n)));
  await assert.rejects(
    within(30, () => db.query('select 1')),
    { code: 'DEADLINE_EXCEEDED', message: /none of the 1 database connections/ },
  );
  const crowd = Array.from({ length: MAX_WAITING - 3 }, () => db.query('select 1'));
  await assert.rejects(db.query('select 1'), { code: 'RESOURCE_EXHAUSTED' });
  finish.resolve();
  await occupied;
  await Promise.all([...waiting, ...crowd]);
  assert.deepEqual(order, [1, 2, 3]);
});

test('every statement of a trace has a client span with its text and without its values, and each has a duration', async () => {
  const lines: string[] = [];
  const log = createLogger({
    service: 'test',
    pretty: false,
    destination: { write: (line) => lines.push(line) },
  });
  const telemetry = testTelemetry({ log });
  await using db = await testDatabase({ telemetry });
  const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true };
  await context.run({ trace }, () => db.query(sql`select ${'customer'} as name`));
  await context.run({ trace }, () => db.query('select 1 / 0')).catch(() => {});
  await db.query('select 2');
  const [good, bad, ...others] = telemetry.spans;
  assert.deepEqual(others, [], 'nothing asked for the last one');
  assert.equal(good?.kind, 'client');
  assert.equal(good?.parentSpanId, trace.spanId);
  assert.equal(good?.attributes['db.query.text'], 'select $1 as name');
  assert.equal(good?.attributes['db.operation.name'], 'SELECT');
  assert.doesNotMatch(JSON.stringify(telemetry.spans), /customer/);
  assert.equal(bad?.attributes['db.response.status_code'], '22012');
  assert.equal(bad?.error?.code, 'INTERNAL');
  const { series } = telemetry.metrics.snapshot(['db_client_operation_duration_seconds']).metrics[0]!;
  assert.deepEqual(
    series.map(({ labels, histogram }) => [...labels, histogram?.count]),
    [
      [db.schema, 'SELECT', 'ok', 2],
      [db.schema, 'SELECT', 'INTERNAL', 1],
    ],
  );
  assert.match(
    lines.join(),
    /division by zero.*select 1 \/ 0|select 1 \/ 0.*division by zero/,
    'the log has the whole story',
  );
});

test('closing waits for what runs and refuses what comes after', async () => {
  const db = await testDatabase();
  const running = db.query('select pg_sleep(1)');
  await until(async () => (await active(db)) === 1);
  await db.close();
  await running;
  await assert.rejects(db.query('select 1'), { code: 'UNAVAILABLE' });
});
