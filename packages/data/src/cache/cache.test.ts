import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cancellation, context, testTelemetry, virtualClock } from '@goblin/core';
import { z } from 'zod';
import { until } from '../fixtures/processes.ts';
import { testDatabase } from '../testing/test-database.ts';
import { createCache } from './cache.ts';
import type { Cache, CacheOptions } from './cache-options.ts';

/** A source that counts how often it was asked. */
function source<Value>(value: (count: number) => Value) {
  const seen = { count: 0 };
  const load = async (): Promise<Value> => value(++seen.count);
  return { seen, load };
}

function newCache<Value>(options: Partial<CacheOptions> = {}): Promise<Cache<Value>> {
  return createCache<Value>({ name: 'test', ttl: '1m', telemetry: testTelemetry(), ...options });
}

test('a value is loaded once and served until its time is over, as JSON makes it from the first time on', async () => {
  const clock = virtualClock();
  await using cache = await newCache<unknown>({ clock });
  const { load, seen } = source((count) => ({ count, at: new Date(0), gone: undefined }));
  const first = await cache.get('key', load);
  assert.deepEqual(first, { count: 1, at: '1970-01-01T00:00:00.000Z' });
  (first as { count: number }).count = 99;
  await clock.advance(59_999);
  assert.deepEqual(await cache.get('key', load), { count: 1, at: '1970-01-01T00:00:00.000Z' });
  await clock.advance(1);
  await cache.get('key', load);
  assert.equal(seen.count, 2);
});

test('however many ask at once, one loads; a failure is for all and not kept', async () => {
  await using cache = await newCache<number>();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let loads = 0;
  const load = (): Promise<number> => {
    loads++;
    return promise;
  };
  const answers = Array.from({ length: 100 }, () => cache.get('key', load));
  resolve(7);
  assert.deepEqual(new Set(await Promise.all(answers)), new Set([7]));
  assert.equal(loads, 1);
  reject(new Error('late'));
  const failing = (): Promise<number> => Promise.reject(new Error('no'));
  await assert.rejects(Promise.all([cache.get('other', failing), cache.get('other', failing)]), /no/);
  assert.equal(await cache.get('other', () => 8), 8);
});

test('who leaves takes nobody with it, and what nobody waits for is cancelled', async () => {
  await using cache = await newCache<number>();
  let signal: AbortSignal | undefined;
  const { promise, resolve } = Promise.withResolvers<number>();
  const load = (): Promise<number> => {
    signal = context.signal;
    return promise;
  };
  const cancellation = new Cancellation();
  const leaving = context.run({ cancellation }, () => cache.get('key', load));
  const staying = cache.get('key', load);
  cancellation.cancel(undefined);
  await assert.rejects(leaving, { code: 'CANCELED' });
  assert.equal(signal!.aborted, false);
  resolve(1);
  assert.equal(await staying, 1);
});

test('one that is stale is served while a new one is loaded behind it, and when that fails', async () => {
  const clock = virtualClock();
  const telemetry = testTelemetry();
  await using cache = await newCache<number>({ clock, telemetry, ttl: '1m', stale: '1h' });
  const { load, seen } = source((count) => count);
  await cache.get('key', load);
  await clock.advance(60_000);
  assert.equal(await cache.get('key', load), 1);
  await until(() => seen.count === 2);
  await until(async () => (await cache.get('key', load)) === 2);
  await clock.advance(60_000);
  const failing = (): Promise<number> => Promise.reject(new Error('down'));
  assert.equal(await cache.get('key', failing), 2);
  const value = (name: string): number | undefined =>
    telemetry.metrics.snapshot([name]).metrics[0]?.series[0]?.value;
  await until(() => value('cache_refresh_failures_total') === 1);
  assert.equal(await cache.get('key', load), 2, 'and it is not tried again at once');
  assert.equal(seen.count, 2);
  await clock.advance(3_600_000);
  await assert.rejects(cache.get('key', failing), /down/);
});

test('tenants share nothing, unless the cache is for all', async () => {
  await using own = await newCache<string>();
  await using shared = await newCache<string>({ per: 'all' });
  const as = <T>(tenant: string | undefined, work: () => T): T => context.run({ tenant }, work);
  const tenants = ['acme', 'acme/x', undefined, '-', ''] as const;
  for (const tenant of tenants) {
    await as(tenant, () => own.get('key', () => `of ${tenant}`));
    await as(tenant, () => shared.get('key', () => `of ${tenant}`));
  }
  for (const tenant of tenants) {
    assert.equal(await as(tenant, () => own.get('key', () => 'new')), `of ${tenant}`);
    assert.equal(await as(tenant, () => shared.get('key', () => 'new')), 'of acme');
  }
  await as('acme', () => own.delete('key'));
  assert.equal(await as('acme', () => own.get('key', () => 'new')), 'new');
  assert.equal(await as('acme/x', () => own.get('key', () => 'new')), 'of acme/x');
});

test('a value goes by its key, by each of its tags, and with all others', async () => {
  await using cache = await newCache<number>();
  const { load, seen } = source((count) => count);
  const get = (): Promise<number> => cache.get('user/1', load, { tags: ['user', 'plan gold'] });
  await get();
  for (const forget of [
    () => cache.delete('user/1'),
    () => cache.invalidate('user'),
    () => cache.invalidate('plan gold'),
    () => cache.clear(),
  ]) {
    const before = seen.count;
    await forget();
    await get();
    await cache.invalidate('plan silver');
    await get();
    assert.equal(seen.count, before + 1);
  }
});

test('what is overtaken while it is loaded is not kept', async () => {
  await using cache = await newCache<string>();
  for (const overtake of [() => cache.delete('key'), () => cache.invalidate('tag'), () => cache.clear()]) {
    const old = Promise.withResolvers<string>();
    const waiting = cache.get('key', () => old.promise, { tags: ['tag'] });
    await overtake();
    old.resolve('old');
    assert.equal(await waiting, 'old');
    assert.equal(await cache.get('key', () => 'new', { tags: ['tag'] }), 'new');
    await cache.clear();
  }
  const slow = Promise.withResolvers<string>();
  const waiting = cache.get('key', () => slow.promise);
  await cache.set('key', 'set');
  slow.resolve('old');
  await waiting;
  assert.equal(await cache.get('key', () => 'new'), 'set');
});

test('what is set is served; null is a value, and undefined is none', async () => {
  await using cache = await newCache<unknown>();
  await cache.set('key', null);
  assert.equal(await cache.get('key', () => 1), null);
  await cache.set('key', undefined);
  assert.equal(await cache.get('key', () => undefined), undefined);
  assert.equal(await cache.get('key', () => 2), 2);
});

test('with a transaction it is forgotten when that is committed, and only then', async () => {
  await using db = await testDatabase();
  await using cache = await newCache<number>();
  const { load, seen } = source((count) => count);
  await cache.get('key', load);
  await db.transaction(async (tx) => {
    await cache.delete('key', tx);
    await cache.get('key', load);
    assert.equal(seen.count, 1);
  });
  await cache.get('key', load);
  assert.equal(seen.count, 2);
  const broken = db.transaction(async (tx) => {
    await cache.clear(tx);
    throw new Error('no');
  });
  await assert.rejects(broken);
  await cache.get('key', load);
  assert.equal(seen.count, 2);
});

test('a schema says what comes out, and what does not fit is an error of the loader', async () => {
  const schema = z.object({ at: z.coerce.date() });
  await using cache = await createCache({ name: 'typed', schema, ttl: '1m', telemetry: testTelemetry() });
  const load = (): { at: Date } => ({ at: new Date(5) });
  assert.deepEqual(await cache.get('key', load), { at: new Date(5) });
  assert.deepEqual(await cache.get('key', load), { at: new Date(5) });
  await assert.rejects(
    cache.get('wrong', () => ({ at: 'never' }) as never),
    { code: 'INTERNAL', message: /a value of the cache typed is not valid: at/ },
  );
});

test('bytes stay within their bound, and what is too large for its share is not kept', async () => {
  const telemetry = testTelemetry();
  await using cache = await newCache<string>({ maxBytes: '64kb', telemetry });
  for (let n = 0; n < 200; n++) await cache.set(`key ${n}`, 'x'.repeat(1_000));
  const { metrics } = telemetry.metrics.snapshot(['cache_bytes', 'cache_evictions_total']);
  const [bytes, evictions] = metrics.map(({ series }) => series[0]!.value!);
  assert.ok(bytes! <= 65_536 && bytes! > 50_000 && evictions! > 100, `${bytes} ${evictions}`);
  await cache.set('large', 'x'.repeat(10_000));
  assert.equal(await cache.get('large', () => 'anew'), 'anew');
});

test('what makes no sense is refused', async () => {
  for (const options of [{ name: 'Rates' }, { ttl: 'soon' as never }, { name: '' }])
    await assert.rejects(newCache(options), { code: 'INVALID_INPUT' });
  await using cache = await newCache<unknown>();
  for (const wrong of [
    () => cache.get('', () => 1),
    () => cache.get('x'.repeat(513), () => 1),
    () => cache.get('\ud800', () => 1),
    () => cache.invalidate(''),
    () => cache.get('key', () => 1, { tags: Array.from({ length: 17 }, String) }),
  ])
    await assert.rejects(wrong(), { code: 'INVALID_INPUT' });
  await assert.rejects(
    cache.get('key', () => 1n),
    { code: 'INTERNAL', message: /not plain data/ },
  );
});

test('by a database instances hear what others invalidate, and give up all when they may have missed something', async () => {
  await using db = await testDatabase({ poolSize: 2 });
  await using one = await newCache<number>({ db });
  await using other = await testDatabase({ schema: db.schema, poolSize: 2 });
  await using two = await newCache<number>({ db: other });
  const { load, seen } = source((count) => count);
  const get = (): Promise<number> => two.get('key', load, { tags: ['tag'] });
  const isReloaded = async (after: number): Promise<boolean> => {
    await get();
    return seen.count > after;
  };
  for (const forget of [() => one.delete('key'), () => one.invalidate('tag'), () => one.clear()]) {
    await get();
    const before = seen.count;
    await until(async () => {
      await forget();
      return isReloaded(before);
    });
  }
  const before = seen.count;
  await db.query(`select pg_terminate_backend(pid) from pg_stat_activity where query like 'LISTEN%'`);
  await until(() => isReloaded(before));
});
