import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { context, createConfig, createRuntime, Secret, testTelemetry } from '@goblin/core';
import { z } from 'zod';
import { until } from '../fixtures/processes.ts';
import { noRedis, type RedisServer, redisServer } from '../fixtures/redis-server.ts';
import { createCache } from './cache.ts';
import type { Cache, CacheOptions } from './cache-options.ts';
import { cache } from './module.ts';

const needsRedis = { skip: noRedis ?? false };
const redis = noRedis === undefined ? await redisServer() : undefined;
after(() => redis?.[Symbol.asyncDispose]());
let names = 0;

interface Instance extends Cache<number> {
  metric(name: string, label: string): number;
}

interface Instances extends AsyncDisposable {
  readonly all: readonly Instance[];
}

/** Instances of one cache, as in processes of their own: each with a connection of its own, and all hear each other. */
async function instances(
  count: number,
  more: Partial<CacheOptions> = {},
  server: RedisServer = redis!,
): Promise<Instances> {
  const name = `cache-${++names}`;
  const all = await Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const telemetry = testTelemetry();
      // Another URL for the same database, so that nothing is shared.
      const url = new Secret(`${server.url.reveal()}?instance=${n}`);
      const cache = await createCache<number>({ name, ttl: '1m', telemetry, redis: url, ...more });
      const metric = (metricName: string, label: string): number =>
        telemetry.metrics.snapshot([metricName]).metrics[0]?.series.find(({ labels }) => labels[1] === label)
          ?.value ?? 0;
      return Object.assign(cache, { metric });
    }),
  );
  const hearing = `PUBSUB NUMSUB goblin:cache:${name}`;
  await until(async () => (await server.command(hearing)).includes(`:${count}\r\n`));
  return {
    all,
    async [Symbol.asyncDispose]() {
      await Promise.all(all.map((cache) => cache.close()));
    },
  };
}

/** A source that counts how often it was asked. */
function source() {
  const seen = { count: 0 };
  return { seen, load: async (): Promise<number> => ++seen.count };
}

test('what one instance has loaded the others find, until its time is over', needsRedis, async () => {
  const { load, seen } = source();
  await using fleet = await instances(2);
  const [one, two] = fleet.all;
  await one!.get('key', load, { tags: ['tag'] });
  await until(async () => (await redis!.command('SELECT 1\r\nKEYS *value:-/key')).includes('key'));
  assert.equal(await two!.get('key', load, { tags: ['tag'] }), 1);
  assert.deepEqual([seen.count, two!.metric('cache_requests_total', 'remote')], [1, 1]);
  await using short = await instances(1, { ttl: '50ms' });
  await until(async () => (await short.all[0]!.get('key', load)) === 3);
});

test('what one instance forgets none serves any more, not from Redis either', needsRedis, async () => {
  await using fleet = await instances(3);
  const [one, two, three] = fleet.all;
  const { load, seen } = source();
  const values = (): Promise<number[]> =>
    Promise.all(fleet.all.map((cache) => cache.get('key', load, { tags: ['a', 'b'] })));
  for (const forget of [
    () => one!.delete('key'),
    () => two!.invalidate('b'),
    () => three!.clear(),
    () => one!.set('key', ++seen.count, { tags: ['a', 'b'] }),
  ]) {
    await values();
    const before = seen.count;
    await forget();
    const areNew = async (): Promise<boolean> => (await values()).every((value) => value > before);
    await until(areNew);
    assert.ok(await areNew(), 'and they stay so');
  }
});

test(
  'who began to load before another one forgot does not bring the old value back',
  needsRedis,
  async () => {
    await using fleet = await instances(3);
    const [slow, quick, third] = fleet.all;
    for (const [n, forget] of [
      () => quick!.delete('key 0'),
      () => quick!.invalidate('tag'),
      () => quick!.clear(),
      () => quick!.set('key 3', 1, { tags: ['tag'] }),
    ].entries()) {
      const old = Promise.withResolvers<number>();
      let isLoading = false;
      const loadSlowly = (): Promise<number> => {
        isLoading = true;
        return old.promise;
      };
      const waiting = slow!.get(`key ${n}`, loadSlowly, { tags: ['tag'] });
      await until(() => isLoading);
      await forget();
      old.resolve(-1);
      assert.equal(await waiting, -1);
      const get = (cache: Cache<number>): Promise<number> =>
        cache.get(`key ${n}`, () => 1, { tags: ['tag'] });
      assert.deepEqual([await get(quick!), await get(third!)], [1, 1]);
      // It hears of it a moment later.
      await until(async () => (await get(slow!)) === 1);
    }
  },
);

test('tenants share nothing in Redis either', needsRedis, async () => {
  await using fleet = await instances(2);
  const [one, two] = fleet.all;
  await context.run({ tenant: 'acme' }, () => one!.set('key', 1));
  assert.equal(await context.run({ tenant: 'other' }, () => two!.get('key', () => 2)), 2);
  assert.equal(await context.run({ tenant: 'acme' }, () => two!.get('key', () => 3)), 1);
});

test(
  'what another version of the service has written and does not fit is loaded anew',
  needsRedis,
  async () => {
    const name = `cache-${++names}`;
    const common = { name, ttl: '1m', telemetry: testTelemetry(), redis: redis!.url } as const;
    await using older = await createCache<unknown>(common);
    await using newer = await createCache({ ...common, schema: z.object({ rate: z.number() }) });
    await until(async () => (await redis!.command(`PUBSUB NUMSUB goblin:cache:${name}`)).includes(':1\r\n'));
    await older.set('key', { rate: '0.2' });
    assert.deepEqual(await newer.get('key', () => ({ rate: 0.2 })), { rate: 0.2 });
  },
);

test('rubbish in Redis is a miss', needsRedis, async () => {
  await using fleet = await instances(1);
  const [one] = fleet.all;
  const key = `goblin:{cache:cache-${names}}:value:-/key`;
  for (const rubbish of ['short', 'x'.repeat(40), `${'x'.repeat(16)}["a"]`]) {
    await redis!.command(`SELECT 1\r\nSET ${key} ${rubbish}`);
    await one!.clear();
    assert.equal(await one!.get('key', () => 5), 5);
  }
});

test(
  'no caller waits until a Redis that hangs answers again, and soon nobody asks it any more',
  needsRedis,
  async (t) => {
    await using server = await redisServer();
    await using fleet = await instances(1, {}, server);
    const [one] = fleet.all;
    server.freeze();
    const { load, seen } = source();
    const startedMs = performance.now();
    await one!.get('key 0', load);
    t.diagnostic(`the first one waited for ${Math.round(performance.now() - startedMs)} ms`);
    for (let n = 1; n < 20; n++) await one!.get(`key ${n}`, load);
    assert.equal(seen.count, 20);
    assert.equal(one!.metric('cache_remote_failures_total', 'timeout') >= 5, true);
    assert.ok(one!.metric('cache_remote_failures_total', 'open') >= 10);
    server.thaw();
  },
);

test(
  'a Redis that dies fails nobody; what was forgotten meanwhile is forgotten when it is back',
  needsRedis,
  async () => {
    await using server = await redisServer();
    await using fleet = await instances(2, {}, server);
    const [one, two] = fleet.all;
    const { load, seen } = source();
    const get = (cache: Cache<number>): Promise<number> => cache.get('key', load, { tags: ['tag'] });
    await get(one!);
    await until(async () => (await get(two!)) === 1);
    await server.kill();
    await one!.invalidate('tag');
    assert.equal(await get(one!), 2);
    assert.equal(await get(two!), 1, 'the other one has not heard of it');
    assert.ok(one!.metric('cache_remote_failures_total', 'error') > 0);
    await server.start();
    await until(async () => (await get(two!)) > 1);
    // Both are connected again, and tell each other.
    await until(async () => {
      const before = seen.count;
      await one!.invalidate('tag');
      await get(two!);
      return seen.count > before;
    });
    await until(async () => {
      await get(one!);
      return (await get(two!)) === (await get(one!));
    });
  },
);

test(
  'without any Redis a cache works from the start, and a URL that is none is refused',
  needsRedis,
  async () => {
    const common = { name: 'lost', ttl: '1m', telemetry: testTelemetry() } as const;
    const redis = new Secret('redis://127.0.0.1:1');
    await using lost = await createCache<number>({ ...common, redis });
    const { load, seen } = source();
    await lost.get('key', load);
    await lost.get('key', load);
    assert.equal(seen.count, 1);
    await assert.rejects(createCache({ ...common, redis: new Secret('127.0.0.1:6379') }), {
      code: 'CONFIG_INVALID',
      message: /REDIS_URL is not the URL of a Redis/,
    });
  },
);

test('as a module of a service it finds Redis by REDIS_URL', needsRedis, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'goblin-cache-'));
  after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'redis'), redis!.url.reveal());
  await using runtime = createRuntime({
    service: 'tax',
    instance: 'tax-1',
    telemetry: testTelemetry(),
    config: createConfig({ service: 'tax', env: { REDIS_URL_FILE: join(folder, 'redis') } }).read,
    dataFolder: folder,
    stopping: new AbortController().signal,
  });
  const rates = await runtime.use(cache<number>({ name: 'module', ttl: '1m' }));
  await until(async () => {
    await rates.set('FR', 20);
    return (await redis!.command('SELECT 1\r\nKEYS goblin:{cache:module}:value:*')).includes('-/FR');
  });
});
