import assert from 'node:assert/strict';
import { test } from 'node:test';
import { context, testTelemetry } from '@goblin/core';
import { z } from 'zod';
import type { Database } from '../database/database.ts';
import { sql } from '../database/sql.ts';
import { until } from '../fixtures/processes.ts';
import { testDatabase } from '../testing/test-database.ts';
import { type EventDefinition, event } from './event.ts';
import type { ReceivedEvent } from './handle-event.ts';
import { type SubscribeOptions, subscribe } from './subscribe.ts';

const Payload = z.object({ n: z.int() });
type Counted = EventDefinition<typeof Payload>;
let types = 0;

/** Each test has a type of its own, because all share the schema `goblin`. */
function newType(): Counted {
  return event(`test.counted-${++types}.v1`, Payload);
}

function publish(db: Database, definition: Counted, ...numbers: number[]): Promise<void> {
  return db.transaction(async (tx) => {
    for (const n of numbers) await definition.publish(tx, { n });
  });
}

interface Running extends AsyncDisposable {
  readonly seen: number[];
  stop(): Promise<void>;
}

type OnEvent = (received: ReceivedEvent<{ n: number }>) => unknown;

/** A consumer that notes what it sees. */
function consumer(
  db: Database,
  definition: Counted,
  options: Partial<SubscribeOptions> = {},
  onEvent: OnEvent = () => {},
): Running {
  const stopping = new AbortController();
  const seen: number[] = [];
  const loop = subscribe(db, definition, { group: 'test', ...options }, async (received, tx) => {
    await onEvent(received);
    tx.afterCommit(() => seen.push(received.payload.n));
  });
  const ended = loop(stopping.signal);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await ended;
  };
  return { seen, stop, [Symbol.asyncDispose]: stop };
}

test('what is published arrives in order, with who said it and for whom, soon', async () => {
  await using db = await testDatabase();
  const counted = newType();
  const received: ReceivedEvent<{ n: number }>[] = [];
  await using running = consumer(db, counted, {}, (one) => received.push(one));
  await context.run({ tenant: 'acme' }, () => publish(db, counted, 1, 2, 3));
  const publishedMs = performance.now();
  await until(() => running.seen.length === 3);
  assert.ok(performance.now() - publishedMs < 900, 'woken, not found by polling');
  assert.deepEqual(running.seen, [1, 2, 3]);
  assert.equal(received[0]?.source, db.schema);
  assert.equal(received[0]?.tenant, 'acme');
  assert.ok(received[0]!.publishedAt instanceof Date);
});

test('a transaction that is rolled back said nothing', async () => {
  await using db = await testDatabase();
  const counted = newType();
  await using running = consumer(db, counted);
  const broken = db.transaction(async (tx) => {
    await counted.publish(tx, { n: 1 });
    throw new Error('no');
  });
  await assert.rejects(broken, /no/);
  await publish(db, counted, 2);
  await until(() => running.seen.length > 0);
  assert.deepEqual(running.seen, [2]);
});

test('a payload that does not fit, or is too large, is refused', async () => {
  await using db = await testDatabase();
  const counted = newType();
  await assert.rejects(
    db.transaction((tx) => counted.publish(tx, { n: 'one' as never })),
    { code: 'INVALID_INPUT' },
  );
  const long = event('test.long.v1', z.string());
  await assert.rejects(
    db.transaction((tx) => long.publish(tx, 'x'.repeat(262_144))),
    { code: 'PAYLOAD_TOO_LARGE' },
  );
  assert.throws(() => event('Payments', Payload), {
    code: 'INVALID_INPUT',
    message: /<service>\.<fact>/,
  });
});

test('every group sees every event; the consumers of one share them', async () => {
  await using db = await testDatabase();
  const counted = newType();
  const numbers = Array.from({ length: 200 }, (_, n) => n);
  await using first = consumer(db, counted, { group: 'shared' });
  await using second = consumer(db, counted, { group: 'shared' });
  await using alone = consumer(db, counted, { group: 'alone' });
  for (const n of numbers) await publish(db, counted, n);
  await until(() => alone.seen.length === 200 && first.seen.length + second.seen.length >= 200);
  assert.deepEqual(alone.seen, numbers);
  assert.deepEqual(
    [...first.seen, ...second.seen].sort((a, b) => a - b),
    numbers,
  );
});

test('a new group begins with what is still kept, or with now when it wants', async () => {
  await using db = await testDatabase();
  const counted = newType();
  await publish(db, counted, 1);
  await using early = consumer(db, counted, { group: 'early' });
  await using late = consumer(db, counted, { group: 'late', from: 'now' });
  await until(
    async () =>
      (await db.many('select 1 from goblin.event_cursor where type = $1', [counted.type])).length === 2,
  );
  await publish(db, counted, 2);
  await until(() => early.seen.length === 2 && late.seen.length > 0);
  assert.deepEqual(early.seen, [1, 2]);
  assert.deepEqual(late.seen, [2]);
});

test('a consumer that comes back goes on where its group stood', async () => {
  await using db = await testDatabase();
  const counted = newType();
  await using before = consumer(db, counted);
  await publish(db, counted, 1);
  await until(() => before.seen.length === 1);
  await before.stop();
  await publish(db, counted, 2);
  await using after = consumer(db, counted);
  await until(() => after.seen.length === 1);
  assert.deepEqual(after.seen, [2]);
});

test('the effects of a handler and the progress of its group are kept together', async () => {
  await using db = await testDatabase();
  await db.query('create table receipt (n int)');
  const counted = newType();
  const stopping = new AbortController();
  let failures = 3;
  const ended = subscribe(db, counted, { group: 'receipts' }, async ({ payload }, tx) => {
    await tx.query(sql`insert into receipt values (${payload.n})`);
    if (payload.n === 2 && failures-- > 0) throw new Error('not yet');
  })(stopping.signal);
  await publish(db, counted, 1, 2, 3);
  await until(async () => (await db.many('select n from receipt')).length === 3);
  stopping.abort();
  await ended;
  assert.deepEqual(await db.many('select n from receipt order by n'), [{ n: 1 }, { n: 2 }, { n: 3 }]);
});

test('an event whose handler fails blocks its group, visibly, and its tries grow rarer', async () => {
  const telemetry = testTelemetry();
  await using db = await testDatabase({ telemetry });
  const counted = newType();
  const tries: number[] = [];
  let broken = true;
  await using running = consumer(db, counted, {}, ({ payload }) => {
    if (payload.n !== 2) return;
    tries.push(performance.now());
    if (broken) throw new Error('broken');
  });
  await publish(db, counted, 1, 2, 3);
  await until(() => tries.length >= 4);
  assert.deepEqual(running.seen, [1]);
  const value = (name: string): number | undefined =>
    telemetry.metrics.snapshot([name]).metrics[0]?.series[0]?.value;
  assert.ok(value('event_blocked_attempts')! >= 3);
  assert.ok(value('event_handler_failures_total')! >= 3);
  assert.ok(tries[3]! - tries[2]! > tries[2]! - tries[1]!);
  broken = false;
  await until(() => running.seen.length === 3);
  await until(() => value('event_blocked_attempts') === 0);
});

test('an older transaction that is still open holds younger events back, so that none is skipped', async () => {
  await using db = await testDatabase();
  const counted = newType();
  await using running = consumer(db, counted);
  await db.transaction(async (slow) => {
    await counted.publish(slow, { n: 1 });
    await publish(db, counted, 2);
    await publish(db, counted, 3);
    // Three looks of the consumer at the events that are already committed.
    const looks = telemetryLooks(db);
    await until(() => telemetryLooks(db) > looks + 3);
    assert.deepEqual(running.seen, []);
  });
  await until(() => running.seen.length === 3);
  assert.deepEqual(running.seen, [1, 2, 3]);
});

function telemetryLooks(db: Database): number {
  const { metrics } = db.telemetry.metrics.snapshot(['db_client_operation_duration_seconds']);
  return metrics[0]?.series.find(({ labels }) => labels[1] === 'SELECT')?.histogram?.count ?? 0;
}

test('handling belongs to the trace of the publication', async () => {
  const telemetry = testTelemetry();
  await using db = await testDatabase({ telemetry });
  const counted = newType();
  const trace = { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), sampled: true };
  let inside: string | undefined;
  await using running = consumer(db, counted, {}, () => {
    inside = context.trace?.traceId;
  });
  await context.run({ trace }, () => publish(db, counted, 1));
  await until(() => running.seen.length === 1);
  assert.equal(inside, trace.traceId);
  const span = telemetry.spans.find(({ kind }) => kind === 'consumer');
  assert.equal(span?.traceId, trace.traceId);
  const others = telemetry.spans.filter(({ traceId }) => traceId !== trace.traceId);
  assert.deepEqual(others, [], 'looking for events makes no traces');
});
