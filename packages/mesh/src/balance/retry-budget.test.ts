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
  assert.equal(withdrawAll(budget), 2_000);
});

test('what was deposited counts for ten seconds', async () => {
  const clock = virtualClock();
  const budget = retryBudget(clock);
  for (let i = 0; i < 1_000; i++) budget.deposit();
  await clock.advance(9_000);
  assert.equal(budget.balance, 200);
  await clock.advance(1_000);
  assert.equal(budget.balance, 100);
  await clock.advance(3_600_000);
  assert.equal(budget.balance, 100);
});

test('whatever the load does, retries stay within a fifth of it, or ten per second where that is more', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const clock = virtualClock();
    const budget = retryBudget(clock);
    const bursts: { readonly at: number; readonly requests: number; readonly retries: number }[] = [];
    const since = (ms: number, what: 'requests' | 'retries'): number =>
      bursts.reduce((sum, burst) => (burst.at > clock.now() - ms ? sum + burst[what] : sum), 0);
    for (let step = 0; step < 200; step++) {
      const requests = Math.floor(random() * random() * 500);
      let retries = 0;
      for (let i = 0; i < requests; i++) {
        budget.deposit();
        if (budget.tryWithdraw()) retries++;
      }
      bursts.push({ at: clock.now(), requests, retries });
      // What was deposited counts for nine to ten seconds: until its slot comes round again.
      const allowed = Math.max(since(10_000, 'requests') / 5, 100);
      const made = since(9_000, 'retries');
      if (retries > 0) assert.ok(made <= allowed, `seed ${seed}: ${made} retries, ${allowed} allowed`);
      await clock.advance(random() * 1_000);
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
