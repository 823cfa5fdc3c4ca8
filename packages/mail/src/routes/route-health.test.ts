import assert from 'node:assert/strict';
import { test } from 'node:test';
import { virtualClock } from '@goblin/core';
import { RouteHealth } from './route-health.ts';

test('four failures in a row open the breaker; single ones do not', async () => {
  const health = new RouteHealth(virtualClock());
  for (let index = 0; index < 50; index++) health.count(index % 3 === 0);
  assert.equal(health.open, false);
  const fresh = new RouteHealth(virtualClock());
  for (let index = 0; index < 4; index++) {
    assert.equal(fresh.admit(), true);
    fresh.count(true);
  }
  assert.equal(fresh.open, true);
  assert.equal(fresh.admit(), false);
});

test('after a rest one mail tries it; each failure doubles the rest, a success ends it', async () => {
  const clock = virtualClock();
  const health = new RouteHealth(clock);
  for (let index = 0; index < 4; index++) health.count(true);
  await clock.advance(4_999);
  assert.equal(health.admit(), false);
  await clock.advance(1);
  assert.equal(health.admit(), true);
  assert.equal(health.admit(), false, 'only one tries');
  health.giveBack();
  assert.equal(health.admit(), true);
  health.count(true);
  await clock.advance(9_999);
  assert.equal(health.admit(), false);
  await clock.advance(1);
  assert.equal(health.admit(), true);
  health.count(false);
  assert.equal(health.open, false);
  assert.equal(health.admit(), true);
  for (let rests = 0; rests < 20; rests++) {
    health.count(true);
    health.count(true);
    await clock.advance(300_000);
    assert.equal(health.admit(), true, 'it rests for five minutes at most');
  }
});
