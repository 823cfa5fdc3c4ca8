import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Call,
  Cancellation,
  context,
  contract,
  type ErrorCode,
  GoblinError,
  isGoblinError,
  virtualClock,
} from '@goblin/core';
import { z } from 'zod';
import { recorder } from '../discovery/testing/recorder.ts';
import { type CachedOptions, cached } from './cached.ts';
import { readKey } from './read-key.ts';

const any = { input: z.any(), output: z.any() };
const { quote, charge } = contract('tax.v1', {
  quote: { ...any, get: true },
  charge: { ...any, idempotent: true },
}).procedures;

/** A cache in front of work that answers with how often it has run, or fails as it is told to. */
function setUp(options: Partial<CachedOptions<Call>> = {}) {
  const clock = virtualClock();
  const telemetry = recorder();
  const filter = cached({ ttl: '10s', ...options, clock, metrics: telemetry.metrics });
  const source = { runs: 0, failure: undefined as ErrorCode | undefined, gate: Promise.resolve() };
  const call = (input: unknown = 'FR', who: object = {}, procedure = quote): Promise<unknown> =>
    context.run(who, () =>
      filter({ procedure, input }, async () => {
        const run = ++source.runs;
        await source.gate;
        if (source.failure) throw new GoblinError(source.failure);
        return { run, for: context.tenant, at: new Date(0) };
      }),
    );
  const run = async (input?: unknown, who?: object): Promise<number> =>
    ((await call(input, who)) as { run: number }).run;
  const count = (outcome: string): number =>
    telemetry.value(`response_cache_calls_total{default,${outcome}}`);
  return { clock, telemetry, source, call, run, count };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('an answer is kept for its time, and comes back as it was', async () => {
  const { clock, call, run, count, source } = setUp();
  assert.deepEqual(await call(), { run: 1, for: undefined, at: new Date(0) });
  await clock.advance(9_999);
  assert.deepEqual(await call(), { run: 1, for: undefined, at: new Date(0) });
  assert.equal(await run('DE'), 2);
  assert.equal(source.runs, 2);
  assert.deepEqual([count('hit'), count('miss'), count('stale')], [1, 2, 0]);
});

test('past its time it is served stale while one call fetches a new one behind it', async () => {
  const { clock, run, count, source } = setUp();
  await run();
  await clock.advance(10_000);
  const gate = Promise.withResolvers<void>();
  source.gate = gate.promise;
  assert.deepEqual(await Promise.all([run(), run(), run()]), [1, 1, 1]);
  assert.equal(source.runs, 2);
  gate.resolve();
  await settled();
  assert.equal(await run(), 2);
  assert.deepEqual([count('hit'), count('miss'), count('stale')], [1, 1, 3]);
});

test('the refresh outlives the caller behind which it is made, under its tenant', async () => {
  const { clock, call, run } = setUp();
  await run('FR', { tenant: 'acme' });
  await clock.advance(10_000);
  const cancellation = new Cancellation();
  await call('FR', { tenant: 'acme', cancellation });
  cancellation.cancel(undefined);
  await settled();
  assert.deepEqual(await call('FR', { tenant: 'acme' }), { run: 2, for: 'acme', at: new Date(0) });
});

test('past the stale time a call waits for a new answer', async () => {
  const { clock, run } = setUp({ stale: '5s' });
  await run();
  await clock.advance(15_000);
  assert.equal(await run(), 2);
});

test('when the source is down the old answer is served, for so long, and the source asked once a second', async () => {
  const { clock, run, source, count, telemetry } = setUp({ staleIfError: '60s' });
  await run();
  source.failure = 'UNAVAILABLE';
  await clock.advance(10_000);
  for (let second = 1; second <= 60; second++) {
    for (let i = 0; i < 5; i++) {
      assert.equal(await run(), 1);
      await settled();
    }
    assert.equal(source.runs, 1 + second);
    await clock.advance(1_000);
  }
  assert.deepEqual([count('stale'), count('miss')], [300, 1]);
  assert.equal(telemetry.value('response_cache_refresh_failures_total{default}'), 10);
  await assert.rejects(run(), (error) => isGoblinError(error, 'UNAVAILABLE'));
});

test('past the stale time the old answer is served only where fetching failed', async () => {
  const { clock, run, source } = setUp({ stale: 0, staleIfError: '60s' });
  await run();
  await clock.advance(30_000);
  source.failure = 'CONNECTION_FAILED';
  assert.equal(await run(), 1);
  source.failure = undefined;
  await clock.advance(1_000);
  assert.equal(await run(), 3);
  await clock.advance(70_000);
  source.failure = 'INTERNAL';
  await assert.rejects(run(), (error) => isGoblinError(error, 'INTERNAL'));
});

test('an answer that says no is passed on, and the old one forgotten', async () => {
  const { clock, run, source } = setUp({ stale: '10s' });
  await run();
  await clock.advance(10_000);
  source.failure = 'NOT_FOUND';
  assert.equal(await run(), 1, 'served stale, and refreshed behind');
  await settled();
  await assert.rejects(run(), (error) => isGoblinError(error, 'NOT_FOUND'));
  source.failure = 'UNAVAILABLE';
  await assert.rejects(run(), (error) => isGoblinError(error, 'UNAVAILABLE'));
});

test('callers that miss at the same time cost one call, and who leaves takes nobody with it', async () => {
  const { run, call, source } = setUp();
  const gate = Promise.withResolvers<void>();
  source.gate = gate.promise;
  const cancellation = new Cancellation();
  const leaving = call('FR', { cancellation });
  const others = [run(), run()];
  cancellation.cancel(undefined);
  await assert.rejects(leaving, (error) => isGoblinError(error, 'CANCELED'));
  gate.resolve();
  assert.deepEqual(await Promise.all(others), [1, 1]);
});

test('callers that leave do not make it forget what it keeps', async () => {
  const { clock, call, run, source } = setUp({ stale: 0 });
  await run();
  await clock.advance(10_000);
  source.gate = new Promise(() => {});
  const cancellation = new Cancellation();
  const leaving = call('FR', { cancellation });
  cancellation.cancel(undefined);
  await assert.rejects(leaving, (error) => isGoblinError(error, 'CANCELED'));
  source.gate = Promise.resolve();
  source.failure = 'UNAVAILABLE';
  assert.equal(await run(), 1);
});

test('two tenants never share an answer, nor two actors, unless it is asked for', async () => {
  const callers = [
    { tenant: 'acme', actor: 'ada' },
    { tenant: 'acme', actor: 'grace' },
    { tenant: 'globex', actor: 'ada' },
    {},
  ];
  for (const [per, runs] of [
    ['caller', 4],
    ['tenant', 3],
    ['all', 1],
  ] as const) {
    const { run, call, source } = setUp({ per });
    for (const caller of callers) await run('FR', caller);
    for (const caller of callers) {
      const answer = (await call('FR', caller)) as { for?: string };
      if (per !== 'all') assert.equal(answer.for, (caller as { tenant?: string }).tenant);
    }
    assert.equal(source.runs, runs, per);
  }
});

test('what does not only read is never kept, be it idempotent, until it is named', async () => {
  const { call, source } = setUp();
  for (let i = 0; i < 3; i++) await call('FR', {}, charge);
  assert.equal(source.runs, 3);
  const named = setUp({ key: readKey('charge') });
  for (let i = 0; i < 3; i++) await named.call('FR', {}, charge);
  assert.equal(named.source.runs, 1);
});

test('nobody can change a kept answer', async () => {
  const { call } = setUp();
  for (let i = 0; i < 3; i++) {
    const answer = (await call()) as { run: number };
    assert.equal(answer.run, 1);
    answer.run = 0;
  }
});

test('what is kept is bounded, and what cannot be kept passes', async () => {
  const { run, telemetry, source } = setUp({ maxBytes: '16kb' });
  for (let i = 0; i < 1_000; i++) await run(i);
  const kept = telemetry.value('response_cache_bytes{default}');
  assert.ok(kept > 8_192 && kept <= 16_384, `${kept} bytes are kept`);
  assert.ok(telemetry.value('response_cache_evictions_total{default}') > 900);
  assert.equal(await run(999), 1_000);
  assert.equal(source.runs, 1_000);
});

test('durations and sizes that are none are refused', () => {
  for (const wrong of [{ ttl: 'soon' }, { ttl: '1s', stale: -1 }, { ttl: '1s', maxBytes: 'much' }])
    assert.throws(
      () => cached(wrong as CachedOptions<Call>),
      (error) => isGoblinError(error, 'INVALID_INPUT'),
    );
});
