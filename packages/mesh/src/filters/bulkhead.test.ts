import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cancellation, type ContextValues, context, type Filter, isGoblinError } from '@goblin/core';
import { seededRandom } from '../balance/testing/seeded-random.ts';
import { recorder } from '../discovery/testing/recorder.ts';
import { type BulkheadOptions, bulkhead } from './bulkhead.ts';

/** A bulkhead in front of work that ends when it is told to. */
function setUp(options: BulkheadOptions<string>) {
  const telemetry = recorder();
  const filter: Filter<string, string> = bulkhead({ ...options, metrics: telemetry.metrics });
  const running = new Map<string, PromiseWithResolvers<string>>();
  const call = (name: string, changes: Partial<ContextValues> = {}): Promise<string> =>
    context.run(changes, () =>
      filter(name, () => {
        const work = Promise.withResolvers<string>();
        running.set(name, work);
        return work.promise;
      }),
    );
  const end = async (name: string): Promise<void> => {
    running.get(name)!.resolve(name);
    running.delete(name);
    await settled();
  };
  const state = (): string =>
    ['running', 'waiting'].map((state) => telemetry.value(`bulkhead_calls{default,${state}}`)).join('+');
  return { telemetry, call, end, state, running: () => [...running.keys()] };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const full = (error: unknown): boolean => isGoblinError(error, 'RESOURCE_EXHAUSTED');

test('so many run, so many wait, first come first served, and the next is refused at once', async () => {
  const { telemetry, call, end, state, running } = setUp({ concurrency: 2, queue: 2 });
  const calls = ['a', 'b', 'c', 'd'].map((name) => call(name));
  await assert.rejects(call('e'), full);
  assert.deepEqual(running(), ['a', 'b']);
  assert.equal(state(), '2+2');
  assert.equal(telemetry.value('bulkhead_refused_total{default}'), 1);
  await end('b');
  assert.deepEqual(running(), ['a', 'c']);
  await end('a');
  await end('c');
  await end('d');
  assert.deepEqual(await Promise.all(calls), ['a', 'b', 'c', 'd']);
  assert.equal(state(), '0+0');
});

test('a call that fails gives its place to the next', async () => {
  const filter: Filter<string, string> = bulkhead({ concurrency: 1 });
  const failing = filter('a', () => Promise.reject(new Error('broken')));
  const next = filter('b', async () => 'b');
  await assert.rejects(failing, /broken/);
  assert.equal(await next, 'b');
});

test('who waits is let go by cancellation and by the deadline, never ran, and takes no place', async () => {
  const { call, end, state, running } = setUp({ concurrency: 1, queue: 3 });
  const first = call('first');
  const cancellation = new Cancellation();
  const cancelled = call('cancelled', { cancellation });
  const alive = setInterval(() => {}, 1_000);
  const late = call('late', { deadline: performance.now() + 20 });
  const last = call('last');
  cancellation.cancel(undefined);
  await assert.rejects(cancelled, (error) => isGoblinError(error, 'CANCELED'));
  await assert.rejects(
    late,
    (error) =>
      isGoblinError(error, 'DEADLINE_EXCEEDED') &&
      /waited for a place in the bulkhead default/.test(error.message),
  );
  clearInterval(alive);
  assert.deepEqual(running(), ['first']);
  assert.equal(state(), '1+1');
  await end('first');
  assert.deepEqual(running(), ['last']);
  await end('last');
  assert.deepEqual(await Promise.all([first, last]), ['first', 'last']);
});

test('who is given a place in the moment it leaves passes it on', async () => {
  const filter: Filter<string, unknown> = bulkhead({ concurrency: 1, queue: 2 });
  async function* nothing(): AsyncGenerator<number> {}
  const items = (await filter('stream', async () => nothing())) as AsyncGenerator<number>;
  const cancellation = new Cancellation();
  const leaving = context.run({ cancellation }, () =>
    filter('leaving', async () => assert.fail('it has left')),
  );
  const next = filter('next', async () => 'next');
  void items.return(undefined);
  cancellation.cancel(undefined);
  await assert.rejects(leaving, (error) => isGoblinError(error, 'CANCELED'));
  assert.equal(await next, 'next');
});

test('each key has a bulkhead of its own', async () => {
  const { call, end, running } = setUp({ concurrency: 1, queue: 0, per: 'tenant' });
  const acme = call('acme', { tenant: 'acme' });
  const globex = call('globex', { tenant: 'globex' });
  await assert.rejects(call('more', { tenant: 'acme' }), full);
  assert.deepEqual(running(), ['acme', 'globex']);
  await end('acme');
  await end('globex');
  await Promise.all([acme, globex]);
});

test('a stream has its place until its last item, or until its reader has left', async () => {
  const filter: Filter<string, AsyncIterable<number>> = bulkhead({ concurrency: 1, queue: 0 });
  async function* numbers(): AsyncGenerator<number> {
    yield 1;
    yield 2;
  }
  const isTaken = (): Promise<boolean> => filter('probe', async () => numbers()).then(leave, full);
  const leave = async (items: AsyncIterable<number>): Promise<boolean> => {
    await items[Symbol.asyncIterator]().return?.();
    return false;
  };
  const items = await filter('stream', async () => numbers());
  assert.equal(await isTaken(), true);
  for await (const item of items) assert.equal(item === 2 && !(await isTaken()), false);
  assert.equal(await isTaken(), false);

  const cancellation = new Cancellation();
  await context.run({ cancellation }, () => filter('stream', async () => numbers()));
  assert.equal(await isTaken(), true);
  cancellation.cancel(undefined);
  assert.equal(await isTaken(), false);
});

test('whatever comes, leaves and fails, no more run than may and no place is lost', async () => {
  const { call, end, state, running } = setUp({ concurrency: 3, queue: 5 });
  const random = seededRandom(3);
  const cancellations: Cancellation[] = [];
  const calls: Promise<unknown>[] = [];
  for (let i = 0; i < 2_000; i++) {
    const choice = random();
    if (choice < 0.5) {
      const cancellation = new Cancellation();
      cancellations.push(cancellation);
      calls.push(call(`call-${i}`, { cancellation }).catch(() => {}));
    } else if (choice < 0.7)
      cancellations.splice(Math.floor(random() * cancellations.length), 1)[0]?.cancel(undefined);
    else if (running().length > 0) await end(running()[Math.floor(random() * running().length)]!);
    assert.ok(running().length <= 3);
  }
  while (running().length > 0) await end(running()[0]!);
  await Promise.all(calls);
  assert.equal(state(), '0+0');
});

test('numbers that are none are refused', () => {
  for (const options of [{ concurrency: 0 }, { concurrency: 1.5 }, { queue: -1 }])
    assert.throws(
      () => bulkhead(options),
      (error) => isGoblinError(error, 'INVALID_INPUT'),
    );
});
