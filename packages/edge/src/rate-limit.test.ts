import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoblinError, virtualClock } from '@goblin/core';
import { rateLimitHeaders, routeLimit } from './rate-limit.ts';

test('the limit of a route says whose calls it counts', () => {
  const clock = virtualClock();
  assert.equal(routeLimit('10/s', clock).scope, 'all');
  assert.equal(routeLimit('10/s per client', clock).scope, 'client');
  assert.equal(routeLimit('10/m per tenant', clock).scope, 'tenant');
  for (const wrong of ['10', '0/s', '10/s per service', 'ten/s'])
    assert.throws(
      () => routeLimit(wrong, clock),
      (error) => isGoblinError(error, 'CONFIG_INVALID'),
    );
});

test('the headers say the policy, what is left and when to come back', () => {
  const limit = routeLimit('2/m per client', virtualClock());
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
