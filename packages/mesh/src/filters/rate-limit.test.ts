import assert from 'node:assert/strict';
import { test } from 'node:test';
import { context, type Filter, isGoblinError, virtualClock } from '@goblin/core';
import { recorder } from '../discovery/testing/recorder.ts';
import { type RateLimitOptions, rateLimit } from './rate-limit.ts';

type Request = { readonly client: string };

function setUp(options: Omit<RateLimitOptions<Request>, 'clock' | 'metrics'>) {
  const clock = virtualClock();
  const telemetry = recorder();
  const filter: Filter<Request, string> = rateLimit({ ...options, clock, metrics: telemetry.metrics });
  let answered = 0;
  const call = (caller: { tenant?: string; actor?: string }, client = '') =>
    context.run(caller, () => filter({ client }, async () => `${++answered}`));
  return { clock, telemetry, call, answered: () => answered };
}

test('each caller may call so often, and is told when to come back', async () => {
  const { clock, telemetry, call, answered } = setUp({ rate: '2/s' });
  const ada = { tenant: 'acme', actor: 'ada' };
  await call(ada);
  await call(ada);
  await assert.rejects(call(ada), (error) => {
    assert.ok(isGoblinError(error, 'RESOURCE_EXHAUSTED'));
    assert.equal(error.message, 'the rate limit of 2/s per caller is reached: try again in 500 ms');
    assert.deepEqual(error.data, { retryAfterMs: 500 });
    return true;
  });
  assert.equal(answered(), 2);
  assert.equal(telemetry.value('rate_limited_total{default}'), 1);
  await call({ tenant: 'acme', actor: 'grace' });
  await call({ tenant: 'globex', actor: 'ada' });
  await clock.advance(500);
  await call(ada);
  assert.equal(answered(), 5);
});

test('it counts per tenant, all together, or by a key of your own', async () => {
  const exhausted = (error: unknown): boolean => isGoblinError(error, 'RESOURCE_EXHAUSTED');
  const tenants = setUp({ rate: '1/h', per: 'tenant' });
  await tenants.call({ tenant: 'acme', actor: 'ada' });
  await assert.rejects(tenants.call({ tenant: 'acme', actor: 'grace' }), exhausted);
  await tenants.call({ tenant: 'globex' });

  const all = setUp({ rate: '1/h', per: 'all' });
  await all.call({ tenant: 'acme' });
  await assert.rejects(all.call({ tenant: 'globex' }), exhausted);

  const clients = setUp({ rate: '1/h', per: ({ client }) => client });
  await clients.call({}, 'a');
  await clients.call({}, 'b');
  await assert.rejects(clients.call({}, 'a'), exhausted);
});

test('a burst of its own is kept', async () => {
  const { call, answered } = setUp({ rate: '1000/s', burst: 3 });
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => call({})));
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 3);
  assert.equal(answered(), 3);
});
