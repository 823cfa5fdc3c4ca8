import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Database } from '../database/database.ts';
import { newEventType, numberedConsumer, publishAll } from '../fixtures/event-type.ts';
import { until } from '../fixtures/processes.ts';
import { testDatabase } from '../testing/test-database.ts';
import { listEventGroups } from './operate.ts';
import { listParkedEvents, retryParkedEvents } from './operate-parked.ts';
import { replayEvents } from './replay.ts';

/** A moment of the database between what was published before and after it. */
async function momentOf(db: Database): Promise<Date> {
  const { now } = await db.one<{ now: Date }>(
    `select date_trunc('milliseconds', clock_timestamp()) + interval '1 ms' as now`,
  );
  await db.query('select pg_sleep(0.002)');
  return now;
}

test('a group handles events again from the beginning, or from a moment on, and the others do not', async () => {
  await using db = await testDatabase();
  const numbered = newEventType();
  await using again = numberedConsumer(db, numbered, { group: 'again' });
  await using other = numberedConsumer(db, numbered, { group: 'other' });
  await publishAll(db, numbered, [1, 2]);
  const moment = await momentOf(db);
  await publishAll(db, numbered, [3]);
  await until(() => again.seen.length === 3 && other.seen.length === 3);
  await replayEvents(db, { type: numbered.type, group: 'again', from: 'beginning' });
  await until(() => again.seen.length === 6);
  await replayEvents(db, { type: numbered.type, group: 'again', from: moment });
  await until(() => again.seen.length === 7);
  assert.deepEqual(again.seen, [1, 2, 3, 1, 2, 3, 3]);
  assert.deepEqual(other.seen, [1, 2, 3]);
});

test('a group never goes forward by a replay, so none is skipped', async () => {
  await using db = await testDatabase();
  const numbered = newEventType();
  {
    await using consumer = numberedConsumer(db, numbered);
    await publishAll(db, numbered, [1]);
    await until(() => consumer.seen.length === 1);
  }
  await publishAll(db, numbered, [2]);
  const moment = await momentOf(db);
  await publishAll(db, numbered, [3]);
  for (const from of [moment, new Date(Date.now() + 1_000_000)])
    await replayEvents(db, { type: numbered.type, group: 'test', from });
  await using consumer = numberedConsumer(db, numbered);
  await until(() => consumer.seen.length === 2);
  assert.deepEqual(consumer.seen, [2, 3]);
});

test('a group with several lanes is replayed in all of them', async () => {
  await using db = await testDatabase({ poolSize: 10 });
  const numbered = newEventType();
  await using consumer = numberedConsumer(db, numbered, { parallel: 3 });
  const numbers = Array.from({ length: 30 }, (_, n) => n);
  await publishAll(db, numbered, numbers, String);
  await until(() => consumer.seen.length === 30);
  await replayEvents(db, { type: numbered.type, group: 'test', from: 'beginning' });
  await until(() => consumer.seen.length === 60);
  assert.deepEqual(
    consumer.seen.slice(30).sort((a, b) => a - b),
    numbers,
  );
});

test('what is parked stays parked in a replay, and its key in order', async () => {
  await using db = await testDatabase();
  const numbered = newEventType();
  let broken = true;
  await using consumer = numberedConsumer(db, numbered, { attempts: 1 }, ({ payload }) => {
    if (broken && payload.n === 2) throw new Error('no');
  });
  await publishAll(db, numbered, [1, 2, 3], () => 'one key');
  await until(async () => (await listParkedEvents(db, { type: numbered.type })).length === 2);
  await replayEvents(db, { type: numbered.type, group: 'test', from: 'beginning' });
  await until(() => consumer.seen.length === 2);
  broken = false;
  await retryParkedEvents(db, { type: numbered.type });
  await until(async () => (await listParkedEvents(db, { type: numbered.type })).length === 0);
  assert.deepEqual(consumer.seen, [1, 1, 2, 3]);
});

test('a group that is not there, or is that of another service, is not found', async () => {
  await using db = await testDatabase();
  await using other = await testDatabase();
  const numbered = newEventType();
  await using consumer = numberedConsumer(db, numbered);
  await publishAll(db, numbered, [1]);
  await until(() => consumer.seen.length === 1);
  const replay = { type: numbered.type, group: 'test', from: 'beginning' } as const;
  await assert.rejects(replayEvents(other, replay), { code: 'NOT_FOUND', message: /goblin events ls/ });
  await assert.rejects(replayEvents(db, { ...replay, group: 'none' }), { code: 'NOT_FOUND' });
  await assert.rejects(replayEvents(db, { ...replay, owner: 'nobody' }), { code: 'NOT_FOUND' });
  assert.equal((await listEventGroups(db)).find(({ type }) => type === numbered.type)?.lag, 0);
});
