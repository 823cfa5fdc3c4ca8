import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { until } from '../fixtures/processes.ts';
import { running } from '../fixtures/running-work.ts';
import { testDatabase } from '../testing/test-database.ts';
import { type EventDefinition, event } from './event.ts';
import { listParkedEvents } from './operate-parked.ts';
import { subscribe } from './subscribe.ts';

const Payment = z.object({ payment: z.string(), amount: z.object({ currency: z.string(), minor: z.int() }) });
let types = 0;

/** The same event as three releases of a service know it. */
function releases() {
  const type = `test.settled-${++types}`;
  const first = event(type, z.object({ id: z.string(), euros: z.number() }));
  const upgradeFirst = ({ id, euros }: { id: string; euros: number }) => ({ payment: id, euros });
  const second = event(type, z.object({ payment: z.string(), euros: z.number() }), {
    version: 2,
    upgrade: { 1: upgradeFirst },
  });
  const third = event(type, Payment, {
    version: 3,
    upgrade: {
      1: upgradeFirst,
      2: ({ payment, euros }) => ({ payment, amount: { currency: 'EUR', minor: Math.round(euros * 100) } }),
    },
  });
  return { first, second, third };
}

test('older payloads are upgraded, one version after the other, when they are read', async () => {
  await using db = await testDatabase();
  const { first, second, third } = releases();
  await db.transaction(async (tx) => {
    await first.publish(tx, { id: 'a', euros: 1 });
    await second.publish(tx, { payment: 'b', euros: 2.5 });
    await third.publish(tx, { payment: 'c', amount: { currency: 'USD', minor: 7 } });
  });
  const seen: unknown[] = [];
  await using _consumer = running(
    subscribe(db, third, { group: 'g' }, async ({ payload }) => void seen.push(payload)),
  );
  await until(() => seen.length === 3);
  assert.deepEqual(seen, [
    { payment: 'a', amount: { currency: 'EUR', minor: 100 } },
    { payment: 'b', amount: { currency: 'EUR', minor: 250 } },
    { payment: 'c', amount: { currency: 'USD', minor: 7 } },
  ]);
});

test('versions N and N + 1 run together: an event of N + 1 waits for a process that knows it, and what is before it does not', async () => {
  await using db = await testDatabase();
  const { first, second } = releases();
  const seen: string[] = [];
  const consumer = (definition: EventDefinition, release: number) =>
    running(
      subscribe(db, definition, { group: 'g' }, async ({ payload }, tx) => {
        tx.afterCommit(() => seen.push(`${release} ${JSON.stringify(payload)}`));
      }),
    );
  await using _old = consumer(first, 1);
  await db.transaction(async (tx) => {
    await first.publish(tx, { id: 'a', euros: 1 });
    await second.publish(tx, { payment: 'b', euros: 2 });
    await first.publish(tx, { id: 'c', euros: 3 });
  });
  await until(() => seen.length === 1);
  await until(
    async () =>
      (
        await db.one<{ n: number }>('select attempts as n from goblin.event_cursor where type = $1', [
          first.type,
        ])
      ).n === 1,
  );
  await using _new = consumer(second, 2);
  await until(() => seen.length === 3);
  assert.match(seen.join(), /^1 {"id":"a","euros":1},2 {"payment":"b","euros":2},[12] {.*"c","euros":3}$/);
});

test('an event of a version that no process knows is parked with a reason that says so', async () => {
  await using db = await testDatabase();
  const { first, third } = releases();
  await db.transaction((tx) => third.publish(tx, { payment: 'c', amount: { currency: 'USD', minor: 7 } }));
  {
    await using _consumer = running(subscribe(db, first, { group: 'g', attempts: 1 }, async () => {}));
    await until(
      async () =>
        (await db.many('select from goblin.event_cursor where type = $1 and attempts = 1', [first.type]))
          .length > 0,
    );
  }
  // It has stepped aside for 15 s; another process need not.
  await using _other = running(subscribe(db, first, { group: 'g', attempts: 1 }, async () => {}));
  await until(async () => (await listParkedEvents(db, { type: first.type })).length === 1);
  const [parked] = await listParkedEvents(db, { type: first.type });
  assert.deepEqual([parked?.version, parked?.error?.code], [3, 'FAILED_PRECONDITION']);
  assert.match(parked!.error!.message, /is of version 3, and this code knows 1: it is left to newer code/);
});

test('an upgrade that is missing or makes no sense is refused when the event is defined', () => {
  const define = (version: number, upgrade: Record<number, () => unknown>) => () =>
    event('test.broken', Payment, { version, upgrade });
  const upgrade = (): unknown => ({});
  assert.throws(define(2, {}), { code: 'INVALID_INPUT', message: /no upgrade from version 1/ });
  assert.throws(define(4, { 1: upgrade, 3: upgrade }), { message: /no upgrade from version 2/ });
  assert.throws(define(2, { 1: upgrade, 2: upgrade }), { message: /no version before 2/ });
  assert.throws(define(0, {}), { message: /count 1, 2, 3/ });
  assert.doesNotThrow(define(4, { 3: upgrade }));
});

test('a payload from before the oldest upgrade is parked, and one that its upgrade spoils too', async () => {
  await using db = await testDatabase();
  const type = `test.settled-${++types}`;
  const told = [event(type, z.string()), event(type, z.string(), { version: 2, upgrade: { 1: String } })];
  const newest = event(type, Payment, { version: 3, upgrade: { 2: () => 'spoilt' } });
  await db.transaction(async (tx) => {
    for (const definition of told) await definition.publish(tx, 'x');
  });
  await using _consumer = running(subscribe(db, newest, { group: 'g', attempts: 1 }, async () => {}));
  await until(async () => (await listParkedEvents(db, { type })).length === 2);
  const parked = await listParkedEvents(db, { type });
  assert.deepEqual(
    parked.map(({ error }) => error!.code),
    ['FAILED_PRECONDITION', 'INVALID_INPUT'],
  );
});
