import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { until } from '../fixtures/processes.ts';
import { running } from '../fixtures/running-work.ts';
import { testDatabase } from '../testing/test-database.ts';
import { event } from './event.ts';
import { type EventGroup, listEventGroups, tailEvents } from './operate.ts';
import { subscribe } from './subscribe.ts';

const Numbered = z.object({ n: z.int() });

test('a tail gives events of all types or one in the order of consumers, from any point on, and those that come', async () => {
  await using db = await testDatabase();
  const made = event(`${db.schema.replace('_', '-')}.made.v1`, Numbered);
  const paid = event(`${db.schema.replace('_', '-')}.paid.v1`, Numbered);
  for (let n = 1; n <= 3; n++)
    await db.transaction(async (tx) => {
      await made.publish(tx, { n });
      await paid.publish(tx, { n });
    });
  const take = async (
    count: number,
    options: Parameters<typeof tailEvents>[1],
    meanwhile?: () => Promise<void>,
  ) => {
    const stop = new AbortController();
    const taken: string[] = [];
    const ended = (async () => {
      for await (const { type, payload } of tailEvents(db, options, stop.signal)) {
        if (type.startsWith(db.schema.replace('_', '-')))
          taken.push(`${type.split('.')[1]} ${(payload as { n: number }).n}`);
        if (taken.length === count) stop.abort();
      }
    })();
    await meanwhile?.();
    await ended;
    return taken;
  };
  const all = ['made 1', 'paid 1', 'made 2', 'paid 2', 'made 3', 'paid 3'];
  assert.deepEqual(await take(6, { since: new Date(0) }), all);
  assert.deepEqual(await take(3, { type: paid.type, since: new Date(0) }), ['paid 1', 'paid 2', 'paid 3']);
  const both = await take(4, { type: made.type, since: new Date(0) }, () =>
    db.transaction((tx) => made.publish(tx, { n: 4 })),
  );
  assert.deepEqual(both, ['made 1', 'made 2', 'made 3', 'made 4']);
});

test('the lag of a group is what it has not handled', async () => {
  await using db = await testDatabase();
  const made = event(`${db.schema.replace('_', '-')}.made.v1`, Numbered);
  const lag = async (): Promise<EventGroup | undefined> =>
    (await listEventGroups(db)).find(({ group }) => group === 'slow');
  const loop = subscribe(db, made, { group: 'slow' }, async () => {});
  await using first = running(loop);
  await until(async () => (await lag())?.lag === 0);
  assert.equal((await lag())?.lagSeconds, null);
  await first.stop();
  for (let n = 0; n < 5; n++) await db.transaction((tx) => made.publish(tx, { n }));
  const behind = await lag();
  assert.deepEqual([behind?.owner, behind?.type, behind?.lag], [db.schema, made.type, 5]);
  assert.ok(behind!.lagSeconds! >= 0);
  await using _again = running(loop);
  await until(async () => (await lag())?.lag === 0);
});
