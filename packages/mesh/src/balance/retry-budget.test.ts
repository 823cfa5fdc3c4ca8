import assert from 'node:assert/strict';
import { test } from 'node:test';
import { virtualClock } from '@goblin/core';
import { backoffMs } from './backoff.ts';
import { type RetryBudget, retryBudget } from './retry-budget.ts';
import { seededRandom } from './testing/seeded-random.ts';

function withdrawAll(budget: RetryBudget): number {
  let taken = 0;
  while (budget.tryWithdraw()) taken++;
  return taken;
}

test('a quiet caller may retry a hundred times in ten seconds, then not until those are ten seconds old', async () => {
  const clock = virtualClock();
  const budget = retryBudget(clock);
  assert.equal(budget.balance, 100);
  assert.equal(withdrawAll(budget), 100);
  await clock.advance(9_000);
  assert.equal(withdrawAll(budget), 0);
  await clock.advance(1_000);
  assert.equal(withdrawAll(budget), 100);
});

test('a busy caller may add a fifth to its load', () => {
  const budget = retryBudget(virtualClock());
  for (let i = 0; i < 10_000; i++) budget.deposit();
  assert.equal(withdrawAll(budget), 2_100);
});

test('what was deposited counts for ten seconds', async () => {
  const clock = virtualClock();
  const budget = retryBudget(clock);
  for (let i = 0; i < 1_000; i++) budget.deposit();
  await clock.advance(9_000);
  assert.equal(budget.balance, 300);
  await clock.advance(1_000);
  assert.equal(budget.balance, 100);
  await clock.advance(3_600_000);
  assert.equal(budget.balance, 100);
});

test('whatever the load does, retries stay within a fifth of it and ten per second', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const clock = virtualClock();
    const budget = retryBudget(clock);
    let requests = 0;
    let retries = 0;
    for (let step = 0; step < 200; step++) {
      const burst = Math.floor(random() * random() * 500);
      for (let i = 0; i < burst; i++) {
        budget.deposit();
        requests++;
        if (budget.tryWithdraw()) retries++;
      }
      const pauseMs = random() * 1_000;
      await clock.advance(pauseMs);
      const allowed = 0.2 * requests + 10 * (clock.now() / 1_000) + 100;
      assert.ok(retries <= allowed, `seed ${seed}: ${retries} retries of ${requests}, ${allowed} allowed`);
    }
  }
});

test('pauses are spread over a range that doubles up to a second', () => {
  assert.equal(
    backoffMs(0, () => 0),
    0,
  );
  const largest = [0, 1, 2, 5, 6, 50].map((retry) => backoffMs(retry, () => 1));
  assert.deepEqual(largest, [25, 50, 100, 800, 1_000, 1_000]);
});
