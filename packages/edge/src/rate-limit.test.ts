import assert from 'node:assert/strict';
import { test } from 'node:test';
import { virtualClock } from '@goblin/core';
import { rateLimit, rateLimitHeaders } from './rate-limit.ts';

test('a burst of the whole count passes, the next call does not, and then one passes per interval', async () => {
  const clock = virtualClock();
  const limit = rateLimit('10/s per client', clock);
  for (let left = 9; left >= 0; left--) {
    const verdict = limit.take('a');
    assert.equal(verdict.allowed, true);
    assert.equal(verdict.remaining, left);
  }
  const refused = limit.take('a');
  assert.equal(refused.allowed, false);
  assert.equal(Math.round(refused.retryAfterMs), 100);
  await clock.advance(100);
  assert.equal(limit.take('a').allowed, true);
  assert.equal(limit.take('a').allowed, false);
  await clock.advance(1_000);
  for (let i = 0; i < 10; i++) assert.equal(limit.take('a').allowed, true);
  assert.equal(limit.take('a').allowed, false);
});

test('refused calls cost nothing: who keeps calling is let in at the same rate', async () => {
  const clock = virtualClock();
  const limit = rateLimit('10/s', clock);
  let allowed = 0;
  for (let ms = 0; ms < 10_000; ms++) {
    if (limit.take('').allowed) allowed++;
    await clock.advance(1);
  }
  assert.ok(allowed >= 108 && allowed <= 110, `${allowed} of 109 expected: the burst and ten per second`);
});

test('callers do not count against each other', () => {
  const limit = rateLimit('1/h per client', virtualClock());
  assert.equal(limit.take('a').allowed, true);
  assert.equal(limit.take('b').allowed, true);
  assert.equal(limit.take('a').allowed, false);
});

test('the table is bounded: callers whose allowance is whole make room first', async () => {
  const clock = virtualClock();
  const limit = rateLimit('2/s per client', clock, 3);
  for (const key of ['a', 'b', 'c']) limit.take(key);
  await clock.advance(2_000);
  limit.take('c');
  limit.take('c');
  for (const key of ['d', 'e', 'f']) limit.take(key);
  assert.equal(limit.take('c').allowed, true, 'seen first of those left, so it was forgiven');
  const fresh = rateLimit('1/h per client', clock, 2);
  for (let i = 0; i < 10_000; i++) assert.equal(fresh.take(String(i)).allowed, true);
});

test('the headers say the policy, what is left and when to come back', () => {
  const limit = rateLimit('2/m per client', virtualClock());
  limit.take('a');
  const last = limit.take('a');
  assert.deepEqual(rateLimitHeaders(limit, last), [
    'ratelimit-policy',
    '"client";q=2;w=60',
    'ratelimit',
    '"client";r=0;t=60',
  ]);
  assert.deepEqual(rateLimitHeaders(limit, limit.take('a')).slice(4), ['retry-after', '30']);
});
