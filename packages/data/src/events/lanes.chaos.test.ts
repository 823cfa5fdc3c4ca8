import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Database } from '../database/database.ts';
import { sql } from '../database/sql.ts';
import { type NumberedEvent, newEventType } from '../fixtures/event-type.ts';
import { until } from '../fixtures/processes.ts';
import { type Running, running } from '../fixtures/running-work.ts';
import { seededRandom } from '../fixtures/seeded-random.ts';
import { testDatabase } from '../testing/test-database.ts';
import { listParkedEvents, retryParkedEvents } from './operate-parked.ts';
import { subscribe } from './subscribe.ts';

const KEYS = 12;
const keyOf = (n: number): string => `key ${n % KEYS}`;

test('whatever fails, stops and changes: each event has its effect once, and each key keeps its order', {
  timeout: 60_000,
}, async () => {
  for (const seed of [1, 2, 3]) await history(seed);
});

/** Writers whose transactions commit in another order than they began, consumers that come and go with different numbers of
 * lanes, handlers that fail at random, an operator who retries what is parked. */
async function history(seed: number): Promise<void> {
  const random = seededRandom(seed);
  await using db = await testDatabase({ poolSize: 25 });
  await db.query(
    'create table effect (n int not null, key text not null, place bigint generated always as identity)',
  );
  const numbered = newEventType();
  const writing = Promise.all(Array.from({ length: KEYS }, (_, writer) => writeAs(db, numbered, writer)));
  let isWriting = true;
  void writing.then(() => {
    isWriting = false;
  });
  const consume = (): Running =>
    running(
      subscribe(
        db,
        numbered,
        { group: 'history', parallel: 1 + random(4), attempts: 2 },
        async ({ payload, key }, tx) => {
          await tx.query(sql`insert into effect (n, key) values (${payload.n}, ${key})`);
          if (random(100) < 3) throw new Error('by chance');
        },
      ),
    );
  const consumers = [consume(), consume()];
  for (let change = 0; isWriting || change < 6; change++) {
    await new Promise((resolve) => setTimeout(resolve, 60));
    await consumers.shift()!.stop();
    await retryParkedEvents(db, { type: numbered.type });
    consumers.push(consume());
  }
  const expected = await writing;
  const total = expected.flat().length;
  const effects = async (): Promise<number> =>
    (await db.one<{ count: number }>('select count(*) from effect')).count;
  await until(async () => {
    await retryParkedEvents(db, { type: numbered.type });
    return (await effects()) >= total;
  }, 30_000);
  await Promise.all(consumers.map((consumer) => consumer.stop()));
  const rows = await db.many<{ n: number; key: string }>('select n, key from effect order by place');
  for (const [writer, numbers] of expected.entries())
    assert.deepEqual(
      rows.filter(({ key }) => key === keyOf(writer)).map(({ n }) => n),
      numbers,
      `seed ${seed}, ${keyOf(writer)}`,
    );
  assert.equal(rows.length, total);
  assert.deepEqual(await listParkedEvents(db, { type: numbered.type }), []);
}

/** One writer per key, so that what is its order is known: that of the writer's transactions. */
async function writeAs(db: Database, numbered: NumberedEvent, writer: number): Promise<number[]> {
  const told: number[] = [];
  for (let round = 0; round < 25; round++) {
    const numbers = Array.from({ length: 1 + (round % 3) }, (_, n) => writer * 1_000 + round * 10 + n);
    await db.transaction(async (tx) => {
      for (const n of numbers) await numbered.publish(tx, { n }, { key: keyOf(writer) });
      await tx.query('select pg_sleep(random() * 0.01)');
    });
    told.push(...numbers);
  }
  return told;
}
