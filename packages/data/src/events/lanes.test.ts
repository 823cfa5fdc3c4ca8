import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '../database/sql.ts';
import { newEventType, numberedConsumer, publishAll } from '../fixtures/event-type.ts';
import { until } from '../fixtures/processes.ts';
import { running } from '../fixtures/running-work.ts';
import { testDatabase } from '../testing/test-database.ts';
import { subscribe } from './subscribe.ts';

const KEYS = 12;
const keyOf = (n: number): string => `key ${n % KEYS}`;

test('events of different keys are handled at the same time, those of one key one after the other', async () => {
  await using db = await testDatabase({ poolSize: 10 });
  const numbered = newEventType();
  const active = new Set<string>();
  let most = 0;
  await using consumer = numberedConsumer(db, numbered, { parallel: 4 }, async ({ key, payload }) => {
    assert.equal(key, keyOf(payload.n));
    assert.ok(!active.has(key), `two events of ${key} at the same time`);
    active.add(key);
    most = Math.max(most, active.size);
    await new Promise((resolve) => setTimeout(resolve, 5));
    active.delete(key);
  });
  const numbers = Array.from({ length: 120 }, (_, n) => n);
  await publishAll(db, numbered, numbers, keyOf);
  await until(() => consumer.seen.length === 120);
  assert.ok(most >= 2, `at most ${most} at the same time`);
  mustBeOncePerKeyInOrder(consumer.seen, numbers);
});

test('events without a key are shared by all lanes', async () => {
  await using db = await testDatabase({ poolSize: 10 });
  const numbered = newEventType();
  await using consumer = numberedConsumer(db, numbered, { parallel: 3 });
  await publishAll(db, numbered, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  await until(() => consumer.seen.length === 9);
  assert.deepEqual([...consumer.seen].sort(), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('an event that fails holds up its lane, and no other', async () => {
  await using db = await testDatabase({ poolSize: 10 });
  const numbered = newEventType();
  await using consumer = numberedConsumer(db, numbered, { parallel: 4, attempts: 'never' }, ({ payload }) => {
    if (payload.n === 0) throw new Error('no');
  });
  await publishAll(
    db,
    numbered,
    Array.from({ length: KEYS }, (_, n) => n),
    keyOf,
  );
  const lane = async (key: string): Promise<number> =>
    (await db.one<{ lane: number }>(sql`select goblin.event_lane(${key}, 0, 4) as lane`)).lane;
  const lanes = await Promise.all(Array.from({ length: KEYS }, (_, n) => lane(keyOf(n))));
  const others = lanes.flatMap((one, n) => (one === lanes[0] ? [] : [n]));
  assert.ok(others.length > 0);
  await until(() => consumer.seen.length === others.length);
  assert.deepEqual(
    consumer.seen.toSorted((a, b) => a - b),
    others,
  );
});

test('a group goes from one lane to several and back: nothing is skipped, nothing comes twice, keys keep their order', async () => {
  await using db = await testDatabase({ poolSize: 10 });
  const numbered = newEventType();
  await db.query('create table effect (n int not null, place bigint generated always as identity)');
  const effects = async (): Promise<number[]> =>
    (await db.many<{ n: number }>('select n from effect order by place')).map(({ n }) => n);
  let told = 0;
  for (const parallel of [1, 4, 3, 1, 2, 1]) {
    const numbers = Array.from({ length: 60 }, () => told++);
    await publishAll(db, numbered, numbers, keyOf);
    // It leaves work behind each time.
    const wanted = told - 20;
    let left = wanted - (await effects()).length;
    const stop = new AbortController();
    const loop = subscribe(db, numbered, { group: 'test', parallel }, async ({ payload }, tx) => {
      await tx.query(sql`insert into effect (n) values (${payload.n})`);
      if (--left <= 0) stop.abort();
    });
    await loop(stop.signal);
    assert.ok((await effects()).length < told);
  }
  await using _last = running(
    subscribe(db, numbered, { group: 'test' }, async ({ payload }, tx) => {
      await tx.query(sql`insert into effect (n) values (${payload.n})`);
    }),
  );
  await until(async () => (await effects()).length >= told);
  mustBeOncePerKeyInOrder(
    await effects(),
    Array.from({ length: told }, (_, n) => n),
  );
  const rows = await db.many('select lane, lanes from goblin.event_cursor where type = $1', [numbered.type]);
  assert.deepEqual(rows, [{ lane: 0, lanes: 1 }]);
});

test('a process from before there were lanes does not let a group with several begin anew', async () => {
  await using db = await testDatabase({ poolSize: 10 });
  const numbered = newEventType();
  for (const parallel of [1, 2]) {
    await using consumer = numberedConsumer(db, numbered, { parallel });
    await publishAll(db, numbered, [1]);
    await until(() => consumer.seen.length === 1);
  }
  const makeCursor = `insert into goblin.event_cursor (consumer, type, xid, id) values ('test', $1, '0', 0) on conflict do nothing`;
  assert.equal((await db.query(makeCursor, [numbered.type])).count, 0);
});

function mustBeOncePerKeyInOrder(seen: readonly number[], numbers: readonly number[]): void {
  for (let key = 0; key < KEYS; key++)
    assert.deepEqual(
      seen.filter((n) => n % KEYS === key),
      numbers.filter((n) => n % KEYS === key),
    );
  assert.equal(seen.length, numbers.length);
}
