import assert from 'node:assert/strict';
import { test } from 'node:test';
import { context, testTelemetry } from '@goblin/core';
import { z } from 'zod';
import { until } from '../fixtures/processes.ts';
import { running } from '../fixtures/running-work.ts';
import { testDatabase } from '../testing/test-database.ts';
import { handle } from './handler.ts';
import { listTasks } from './operate.ts';
import { task } from './task.ts';
import { work } from './worker.ts';

const Numbered = z.object({ n: z.int() });

test('a task is done once, with what it was given, for whom it was enqueued, and in its trace', async () => {
  const telemetry = testTelemetry();
  await using db = await testDatabase({ telemetry });
  const settle = task('payments.settle', { input: Numbered });
  const trace = { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), sampled: true };
  const seen: unknown[] = [];
  await using _worker = running(
    work(db, settle, async ({ id, key, input, attempt }) => {
      seen.push({ id, key, n: input.n, attempt, tenant: context.tenant, trace: context.trace?.traceId });
    }),
  );
  const { id, isNew } = await context.run({ trace, tenant: 'acme' }, () =>
    db.transaction((tx) => settle.enqueue(tx, { key: 'p1', input: { n: 1 } })),
  );
  assert.ok(isNew);
  await until(async () => seen.length > 0 && (await listTasks(db)).length === 0);
  assert.deepEqual(seen, [{ id, key: 'p1', n: 1, attempt: 1, tenant: 'acme', trace: trace.traceId }]);
  const span = telemetry.spans.find(({ name }) => name === 'task payments.settle');
  assert.equal(span?.traceId, trace.traceId);
});

test('a transaction that is rolled back has enqueued nothing', async () => {
  await using db = await testDatabase();
  const settle = task('payments.settle', { input: Numbered });
  const broken = db.transaction(async (tx) => {
    await settle.enqueue(tx, { input: { n: 1 } });
    throw new Error('no');
  });
  await assert.rejects(broken, /no/);
  assert.deepEqual(await listTasks(db), []);
});

test('a key is one task, however many enqueue it at once, also when it has finished', async () => {
  await using db = await testDatabase();
  const settle = task('payments.settle', { input: Numbered, output: z.string() });
  const enqueue = () => settle.enqueue(db, { key: 'p1', input: { n: 1 } });
  const enqueued = await Promise.all(Array.from({ length: 20 }, enqueue));
  assert.equal(enqueued.filter(({ isNew }) => isNew).length, 1);
  assert.equal(new Set(enqueued.map(({ id }) => id)).size, 1);
  assert.deepEqual(await settle.result(db, 'p1'), { state: 'pending' });
  let runs = 0;
  await using _worker = running(
    work(db, settle, async () => {
      runs++;
      return 'receipt';
    }),
  );
  await until(async () => (await settle.result(db, 'p1'))?.state === 'done');
  assert.deepEqual(await enqueue(), { id: enqueued[0]!.id, key: 'p1', isNew: false });
  assert.deepEqual(await settle.result(db, 'p1'), { state: 'done', output: 'receipt' });
  assert.equal(await settle.result(db, 'p2'), undefined);
  assert.equal(runs, 1);
});

test('many are enqueued in one statement, and told apart in the order they were given', async () => {
  await using db = await testDatabase();
  const settle = task('payments.settle', { input: Numbered });
  const first = await settle.enqueue(db, { key: 'b', input: { n: 0 } });
  const keys = ['a', 'b', undefined, 'a'];
  const many = await settle.enqueueMany(
    db,
    keys.map((key, n) => ({ input: { n }, ...(key !== undefined && { key }) })),
  );
  assert.deepEqual(
    many.map(({ key, isNew }) => [key, isNew]),
    [
      ['a', true],
      ['b', false],
      [undefined, true],
      ['a', false],
    ],
  );
  assert.equal(many[1]!.id, first.id);
  assert.equal(many[3]!.id, many[0]!.id);
  assert.deepEqual(
    (await listTasks(db)).map(({ input }) => input),
    [{ n: 0 }, { n: 0 }, { n: 2 }],
  );
  assert.deepEqual(await settle.enqueueMany(db, []), []);
});

test('what does not fit, is too large or out of range is refused before anything is written', async () => {
  await using db = await testDatabase();
  const settle = task('payments.settle', { input: z.string(), lane: () => '' });
  const named = task('payments.named', { input: z.string() });
  await assert.rejects(named.enqueue(db, { input: 1 as never }), { code: 'INVALID_INPUT' });
  await assert.rejects(named.enqueue(db, { input: 'x'.repeat(262_144) }), { code: 'PAYLOAD_TOO_LARGE' });
  await assert.rejects(named.enqueue(db, { input: 'x', key: '' }), { code: 'INVALID_INPUT', message: /key/ });
  await assert.rejects(named.enqueue(db, { input: 'x', key: 'a\0b' }), { code: 'INVALID_INPUT' });
  await assert.rejects(named.enqueue(db, { input: 'x', at: new Date('soon') }), { message: /no date/ });
  await assert.rejects(named.enqueue(db, { input: 'x', priority: 1_000 }), { message: /-100 to 100/ });
  await assert.rejects(settle.enqueue(db, { input: 'x' }), { code: 'INVALID_INPUT', message: /lane/ });
  const tooMany = Array.from({ length: 10_001 }, () => ({ input: 'x' }));
  await assert.rejects(named.enqueueMany(db, tooMany), { message: /10000 at most/ });
  assert.throws(() => task('Settle', { input: Numbered }), {
    code: 'INVALID_INPUT',
    message: /<service>\.<work>/,
  });
  assert.throws(() => task('a.b', { input: Numbered, lease: '1ms' }), { message: /100 ms at least/ });
  assert.throws(() => task('a.b', { input: Numbered, lanes: { concurrency: 0 } }), { code: 'INVALID_INPUT' });
  assert.deepEqual(await listTasks(db), []);
});

test('any text goes through unchanged, also NUL and half of a surrogate pair', async () => {
  await using db = await testDatabase();
  const echo = task('test.echo', { input: z.string(), output: z.string() });
  const text = 'a\0b \ud800 \\ " \' $1 € 🜁';
  await echo.enqueue(db, { key: 'k', input: text });
  await using _worker = running(work(db, echo, async ({ input }) => input));
  await until(async () => (await echo.result(db, 'k'))?.state === 'done');
  assert.deepEqual(await echo.result(db, 'k'), { state: 'done', output: text });
});

test('higher priorities come first, and equal ones in the order they became ready', async () => {
  await using db = await testDatabase();
  const urgent = task('test.urgent', { input: Numbered, priority: 1 });
  for (const [n, priority] of [
    [1, 1],
    [2, -5],
    [3, 50],
    [4, undefined],
  ] as const)
    await urgent.enqueue(db, { input: { n }, ...(priority !== undefined && { priority }) });
  const seen: number[] = [];
  await using _worker = running(
    work(db, urgent, async ({ input }) => void seen.push(input.n), { concurrency: 1 }),
  );
  await until(() => seen.length === 4);
  assert.deepEqual(seen, [3, 1, 4, 2]);
});

test('a task with a delay or a time is not done before it, and is done after it', async (t) => {
  await using db = await testDatabase();
  const later = task('test.later', { input: Numbered });
  const seen = new Map<number, number>();
  await using _worker = running(work(db, later, async ({ input }) => void seen.set(input.n, Date.now())));
  const enqueuedMs = Date.now();
  await later.enqueue(db, { input: { n: 1 }, delay: '200ms' });
  await later.enqueue(db, { input: { n: 2 }, at: new Date(enqueuedMs + 100) });
  await later.enqueue(db, { input: { n: 3 }, delay: '1d' });
  await until(() => seen.size === 2);
  for (const [n, delayMs] of [
    [1, 200],
    [2, 100],
  ] as const) {
    const tookMs = seen.get(n)! - enqueuedMs;
    t.diagnostic(`${n} was started ${tookMs - delayMs} ms after its time`);
    assert.ok(tookMs >= delayMs - 1, `${n} took ${tookMs} ms`);
  }
  assert.equal((await listTasks(db, { state: 'delayed' })).length, 1);
});

test('one loop does several kinds, and a busy one does not starve the others', async () => {
  await using db = await testDatabase();
  const busy = task('test.busy', { input: Numbered });
  const rare = task('test.rare', { input: z.string() });
  await busy.enqueueMany(
    db,
    Array.from({ length: 200 }, (_, n) => ({ input: { n } })),
  );
  await rare.enqueue(db, { input: 'x' });
  const order: string[] = [];
  await using _worker = running(
    work(
      db,
      [
        handle(busy, async ({ input }) => void order.push(`busy ${input.n}`)),
        handle(rare, async ({ input }) => void order.push(`rare ${input}`)),
      ],
      { concurrency: 5 },
    ),
  );
  await until(() => order.length === 201);
  assert.ok(order.indexOf('rare x') <= 20, `it came at ${order.indexOf('rare x')}`);
});

test('a service neither sees nor touches the tasks of another one', async () => {
  await using db = await testDatabase();
  await using other = await testDatabase();
  const settle = task('payments.settle', { input: Numbered });
  await settle.enqueue(db, { key: 'same', input: { n: 1 } });
  assert.ok((await settle.enqueue(other, { key: 'same', input: { n: 2 } })).isNew);
  const seen: number[] = [];
  await using _worker = running(work(other, settle, async ({ input }) => void seen.push(input.n)));
  await until(async () => (await listTasks(other)).length === 0);
  assert.deepEqual(seen, [2]);
  assert.equal((await listTasks(db)).length, 1);
  const { count } = await other.one<{ count: number }>('select count(*) from goblin.task');
  assert.equal(count, 0);
});
