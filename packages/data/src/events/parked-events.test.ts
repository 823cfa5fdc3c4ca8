import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testTelemetry } from '@goblin/core';
import type { Database } from '../database/database.ts';
import { newEventType, numberedConsumer, publishAll } from '../fixtures/event-type.ts';
import { until } from '../fixtures/processes.ts';
import { testDatabase } from '../testing/test-database.ts';
import { listEventGroups } from './operate.ts';
import { discardParkedEvents, listParkedEvents, retryParkedEvents } from './operate-parked.ts';

/** Keys `even` and `odd`. */
const parity = (n: number): string => (n % 2 === 0 ? 'even' : 'odd');

async function states(db: Database, type: string): Promise<string[]> {
  const parked = await listParkedEvents(db, { type });
  return parked.map(({ payload, state }) => `${(payload as { n: number }).n} ${state}`);
}

/** A handler that fails for some numbers, and counts how often each was tried. */
function failingFor(...numbers: number[]) {
  const broken = new Set(numbers);
  const tries = new Map<number, number>();
  const handler = ({ payload: { n } }: { payload: { n: number } }): void => {
    tries.set(n, (tries.get(n) ?? 0) + 1);
    if (broken.has(n)) throw new Error(`no ${n}`);
  };
  return { broken, tries, handler };
}

test('an event that failed so often is parked with its error, and its group goes on', async () => {
  const telemetry = testTelemetry();
  await using db = await testDatabase({ telemetry });
  const numbered = newEventType();
  const { tries, handler } = failingFor(3);
  await using consumer = numberedConsumer(db, numbered, { attempts: 3 }, handler);
  await publishAll(db, numbered, [1, 2, 3, 4, 5]);
  await until(() => consumer.seen.length === 4);
  assert.deepEqual(consumer.seen, [1, 2, 4, 5]);
  assert.equal(tries.get(3), 3);
  const [parked, ...others] = await listParkedEvents(db, { type: numbered.type });
  assert.deepEqual(others, []);
  assert.deepEqual(
    [parked?.group, parked?.owner, parked?.payload, parked?.state, parked?.attempts, parked?.error],
    ['test', db.schema, { n: 3 }, 'failed', 3, { code: 'INTERNAL', message: 'no 3' }],
  );
  const gauge = (): number | undefined =>
    telemetry.metrics.snapshot(['event_parked']).metrics[0]?.series[0]?.value;
  await until(() => gauge() === 1);
  assert.equal((await listEventGroups(db)).find(({ type }) => type === numbered.type)?.parked, 1);
});

test('the first failure parks where one attempt is allowed, wherever in a batch it is', async () => {
  await using db = await testDatabase();
  const numbered = newEventType();
  const { tries, handler } = failingFor(1, 4);
  await publishAll(db, numbered, [1, 2, 3, 4, 5]);
  await using consumer = numberedConsumer(db, numbered, { attempts: 1 }, handler);
  await until(() => consumer.seen.length === 3);
  assert.deepEqual(consumer.seen, [2, 3, 5]);
  assert.deepEqual([tries.get(1), tries.get(4)], [1, 1]);
  assert.deepEqual(await states(db, numbered.type), ['1 failed', '4 failed']);
});

test('later events of a parked key wait behind it, untried, and come in order when it is done', async () => {
  await using db = await testDatabase();
  const numbered = newEventType();
  const { broken, tries, handler } = failingFor(2);
  await using consumer = numberedConsumer(db, numbered, { attempts: 2 }, handler);
  await publishAll(db, numbered, [1, 2, 3, 4, 5], parity);
  await publishAll(db, numbered, [6, 7], parity);
  await until(() => consumer.seen.includes(7));
  assert.deepEqual(consumer.seen, [1, 3, 5, 7]);
  assert.deepEqual(await states(db, numbered.type), ['2 failed', '4 behind', '6 behind']);
  assert.equal(tries.get(4), undefined);
  broken.clear();
  assert.equal(await retryParkedEvents(db, { type: numbered.type, group: 'test' }), 1);
  await until(() => consumer.seen.length === 7);
  assert.deepEqual(consumer.seen, [1, 3, 5, 7, 2, 4, 6]);
  assert.deepEqual(await states(db, numbered.type), []);
  await publishAll(db, numbered, [8], parity);
  await until(() => consumer.seen.includes(8));
});

test('a parked event that is tried again and fails as often is parked as before', async () => {
  await using db = await testDatabase();
  const numbered = newEventType();
  const { broken, tries, handler } = failingFor(2, 4);
  await using consumer = numberedConsumer(db, numbered, { attempts: 2 }, handler);
  await publishAll(db, numbered, [2, 4, 6], parity);
  await until(async () => (await states(db, numbered.type)).length === 3);
  await retryParkedEvents(db, { type: numbered.type });
  await until(() => tries.get(2) === 4);
  await until(async () => (await states(db, numbered.type))[0] === '2 failed');
  broken.delete(2);
  await retryParkedEvents(db, { type: numbered.type });
  // The one behind it has attempts of its own.
  await until(() => tries.get(4) === 2);
  await until(async () => (await states(db, numbered.type)).join() === '4 failed,6 behind');
  assert.deepEqual(consumer.seen, [2]);
});

test('a parked event can be given up, and those behind it follow', async () => {
  await using db = await testDatabase();
  const numbered = newEventType();
  const { handler } = failingFor(2);
  await using consumer = numberedConsumer(db, numbered, { attempts: 1 }, handler);
  await publishAll(db, numbered, [2, 4, 6], parity);
  await until(async () => (await states(db, numbered.type)).length === 3);
  const [{ id } = { id: 0 }] = await listParkedEvents(db, { type: numbered.type });
  assert.equal(await discardParkedEvents(db, { ids: [id] }), 1);
  await until(() => consumer.seen.length === 2);
  assert.deepEqual(consumer.seen, [4, 6]);
});

test("with attempts 'never' nothing is parked: the group waits", async () => {
  await using db = await testDatabase();
  const numbered = newEventType();
  const { broken, tries, handler } = failingFor(1);
  await using consumer = numberedConsumer(db, numbered, { attempts: 'never' }, handler);
  await publishAll(db, numbered, [1, 2]);
  await until(() => tries.get(1) === 4);
  assert.deepEqual(consumer.seen, []);
  assert.deepEqual(await states(db, numbered.type), []);
  broken.clear();
  await until(() => consumer.seen.length === 2);
  assert.deepEqual(consumer.seen, [1, 2]);
});

test('attempts are counted over all processes of a group', async () => {
  await using db = await testDatabase();
  const numbered = newEventType();
  const { tries, handler } = failingFor(1);
  await publishAll(db, numbered, [1]);
  for (const count of [1, 2, 3]) {
    await using _consumer = numberedConsumer(db, numbered, { attempts: 3 }, handler);
    await until(async () => tries.get(1) === count);
  }
  await using _last = numberedConsumer(db, numbered, { attempts: 3 }, handler);
  await until(async () => (await states(db, numbered.type)).length === 1);
  assert.equal(tries.get(1), 3);
});

test('another service neither sees nor retries what a group has parked', async () => {
  await using db = await testDatabase();
  await using other = await testDatabase();
  const numbered = newEventType();
  await using _consumer = numberedConsumer(db, numbered, { attempts: 1 }, failingFor(1).handler);
  await publishAll(db, numbered, [1]);
  await until(async () => (await states(db, numbered.type)).length === 1);
  assert.deepEqual(await states(other, numbered.type), []);
  assert.equal(await retryParkedEvents(other), 0);
  assert.equal(await discardParkedEvents(other, {}), 0);
});
