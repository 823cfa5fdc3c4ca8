import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Database } from '../database/database.ts';
import { type NumberedEvent, newEventType, publishAll } from '../fixtures/event-type.ts';
import { until } from '../fixtures/processes.ts';
import { type Running, running } from '../fixtures/running-work.ts';
import { testDatabase } from '../testing/test-database.ts';
import { onAnnouncement } from './announcements.ts';
import { type BroadcastOptions, broadcast } from './broadcast.ts';

interface Listener extends Running {
  readonly seen: number[];
}

function listener(
  db: Database,
  definition: NumberedEvent,
  options?: BroadcastOptions,
  onEvent: (n: number) => void = () => {},
): Listener {
  const seen: number[] = [];
  const loop = broadcast(
    db,
    definition,
    ({ payload }) => {
      onEvent(payload.n);
      seen.push(payload.n);
    },
    options,
  );
  return { ...running(loop), seen };
}

/** A listener that begins with now has begun when it gets something. */
async function begun(db: Database, definition: NumberedEvent, ...listeners: Listener[]): Promise<void> {
  while (listeners.some(({ seen }) => seen.length === 0)) {
    await publishAll(db, definition, [0]);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('every process gets each event that is told after it began, in order, and no cursor is left', async () => {
  await using db = await testDatabase();
  await using elsewhere = await testDatabase();
  const changed = newEventType();
  await publishAll(db, changed, [1]);
  await using one = listener(db, changed);
  await using two = listener(elsewhere, changed);
  await begun(db, changed, one, two);
  await publishAll(db, changed, [2, 3]);
  await publishAll(db, changed, [4]);
  for (const { seen } of [one, two]) {
    await until(() => seen.includes(4));
    assert.deepEqual(
      seen.filter((n) => n > 0),
      [2, 3, 4],
    );
  }
  const cursors = await db.many('select from goblin.event_cursor where type = $1', [changed.type]);
  assert.equal(cursors.length, 0);
});

test('a process can begin with all that is kept, or with a moment', async () => {
  await using db = await testDatabase();
  const changed = newEventType();
  await publishAll(db, changed, [1]);
  const { now } = await db.one<{ now: Date }>('select clock_timestamp() as now');
  await until(() => Date.now() > now.getTime() + 1);
  await publishAll(db, changed, [2]);
  await using all = listener(db, changed, { from: 'beginning' });
  await using since = listener(db, changed, { from: new Date(now.getTime() + 1) });
  await until(() => all.seen.length === 2 && since.seen.length === 1);
  assert.deepEqual([all.seen, since.seen], [[1, 2], [2]]);
});

test('an event whose handler fails is tried again, and those behind it wait; one that keeps failing is passed', async () => {
  await using db = await testDatabase();
  const changed = newEventType();
  await publishAll(db, changed, [1, 2, 3]);
  const tries: number[] = [];
  await using all = listener(db, changed, { from: 'beginning', attempts: 3 }, (n) => {
    tries.push(n);
    if (n === 2 || (n === 1 && tries.length < 2)) throw new Error('no');
  });
  await until(() => all.seen.length === 2);
  assert.deepEqual(tries, [1, 1, 2, 2, 2, 3]);
});

test('a loop that is run again after a failure goes on where it stood', async () => {
  await using db = await testDatabase();
  const changed = newEventType();
  const seen: number[] = [];
  const loop = broadcast(db, changed, ({ payload }) => void seen.push(payload.n), { from: 'beginning' });
  for (const n of [1, 2]) {
    await using _run = running(loop);
    await publishAll(db, changed, [n]);
    await until(() => seen.includes(n));
  }
  assert.deepEqual(seen, [1, 2]);
});

test('an older transaction that is still open holds a broadcast back, so that none is missed', async () => {
  await using db = await testDatabase();
  const changed = newEventType();
  await using all = listener(db, changed, { from: 'beginning' });
  await db.transaction(async (slow) => {
    await changed.publish(slow, { n: 1 });
    let heard = false;
    const endHearing = onAnnouncement(db, changed.type, () => {
      heard = true;
    });
    await publishAll(db, changed, [2]);
    await until(() => heard);
    await endHearing();
    assert.deepEqual(all.seen, []);
  });
  await until(() => all.seen.length === 2);
  assert.deepEqual(all.seen, [1, 2]);
});
