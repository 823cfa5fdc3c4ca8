import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latencyMs, settlementDelayMs, troubleWith, verdictOn } from './behaviour.ts';

test('most answers are quick, some are slow and none takes for ever', () => {
  const times = Array.from({ length: 10_000 }, () => latencyMs(Math.random)).sort((a, b) => a - b);
  assert.ok(times[5_000]! > 40 && times[5_000]! < 90, `median ${times[5_000]}`);
  assert.ok(times[9_900]! > 120 && times[9_900]! < 600, `99th percentile ${times[9_900]}`);
  assert.ok(times[0]! > 0 && times.at(-1)! <= 2_000);
});

test('each test card does what it is for', () => {
  assert.deepEqual(verdictOn('4242424242424242'), { status: 'authorized' });
  assert.deepEqual(verdictOn('4000000000000002'), { status: 'declined', reason: 'card_declined' });
  assert.deepEqual(verdictOn('4000000000009995'), { status: 'declined', reason: 'insufficient_funds' });
  const never = (): number => 0.99;
  assert.equal(troubleWith('4000000000000119', 7, 0, never), 'refuse');
  assert.deepEqual(
    [1, 2].map((attempt) => troubleWith('4000000000000341', attempt, 0, never)),
    ['lose answer', 'none'],
  );
  assert.equal(troubleWith('4242424242424242', 1, 0.02, never), 'none');
});

test('chance brings as much trouble as was asked for, of each kind', () => {
  const seen = new Map<string, number>();
  for (let index = 0; index < 10_000; index++) {
    const kind = troubleWith('4242424242424242', 1, 0.2, Math.random);
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
  }
  assert.ok(Math.abs(seen.get('none')! / 10_000 - 0.8) < 0.03);
  for (const kind of ['refuse', 'hang', 'lose answer']) assert.ok(seen.get(kind)! > 200, kind);
});

test('a charge settles after one to two seconds', () => {
  assert.equal(
    settlementDelayMs(() => 0),
    1_000,
  );
  assert.equal(
    settlementDelayMs(() => 1),
    2_000,
  );
});
