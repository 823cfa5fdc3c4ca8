import assert from 'node:assert/strict';
import { test } from 'node:test';
import { virtualClock } from '@goblin/core';
import { onceOnly } from './once-only.ts';

test('an order goes through once, and only near the time of its stamp', async () => {
  const clock = virtualClock();
  const once = onceOnly(clock);
  assert.equal(once.check('a', clock.wall()), 'fresh');
  assert.equal(once.check('a', clock.wall()), 'repeated');
  assert.equal(once.check('b', clock.wall() - 30_001), 'stale');
  assert.equal(once.check('b', clock.wall() + 30_001), 'stale');
  const ahead = clock.wall() + 30_000;
  assert.equal(once.check('b', ahead), 'fresh');
  await clock.advance(59_999);
  assert.equal(once.check('b', ahead), 'repeated', 'as long as its stamp could count');
  await clock.advance(2);
  assert.equal(once.check('b', ahead), 'stale');
});

test('what is remembered is bounded, and forgotten when it cannot count any more', async () => {
  const clock = virtualClock();
  const once = onceOnly(clock);
  for (let i = 0; i < 20_000; i++) assert.equal(once.check(`n${i}`, clock.wall()), 'fresh');
  assert.equal(once.check('one more', clock.wall()), 'too many');
  await clock.advance(60_000);
  assert.equal(once.check('one more', clock.wall()), 'fresh');
});
