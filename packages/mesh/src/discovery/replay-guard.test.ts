import assert from 'node:assert/strict';
import { test } from 'node:test';
import { virtualClock } from '@goblin/core';
import { MAX_SKEW_MS, replayGuard } from './replay-guard.ts';

test('a message is fresh once; repeated and older ones are told apart from new ones', () => {
  const clock = virtualClock();
  const guard = replayGuard(clock);
  assert.equal(guard.check('tax-1', clock.wall(), 5), 'fresh');
  assert.equal(guard.check('tax-1', clock.wall(), 5), 'repeated');
  assert.equal(guard.check('tax-1', clock.wall(), 4), 'repeated');
  assert.equal(guard.check('tax-1', clock.wall(), 6), 'fresh');
  assert.equal(guard.check('tax-2', clock.wall(), 1), 'fresh');
});

test('what was written too long ago or in the future is stale', async () => {
  const clock = virtualClock();
  const guard = replayGuard(clock);
  assert.equal(guard.check('tax-1', clock.wall() - MAX_SKEW_MS - 1, 1), 'stale');
  assert.equal(guard.check('tax-1', clock.wall() + MAX_SKEW_MS + 1, 1), 'stale');
  assert.equal(guard.check('tax-1', clock.wall() - MAX_SKEW_MS + 1, 1), 'fresh');
});

test('it remembers a bounded number of senders, those heard last', () => {
  const clock = virtualClock();
  const guard = replayGuard(clock);
  guard.check('first', clock.wall(), 1);
  guard.check('second', clock.wall(), 1);
  for (let i = 0; i < 9_998; i++) guard.check(`tax-${i}`, clock.wall(), 1);
  guard.check('first', clock.wall(), 2);
  guard.check('one more', clock.wall(), 1);
  assert.equal(guard.check('first', clock.wall(), 2), 'repeated');
  assert.equal(guard.check('second', clock.wall(), 1), 'fresh');
});
