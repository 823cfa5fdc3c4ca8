import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoblinError } from 'goblin';
import { money, sum } from './money.ts';
import { forAll } from './random.fixture.ts';
import { split } from './split.ts';

const minors = (amount: number, weights: number[]): number[] =>
  split(money('EUR', amount), weights).map((part) => part.minor);

test('what does not divide goes to the largest remainders, the first of equals first', () => {
  assert.deepEqual(minors(100, [1, 1, 1]), [34, 33, 33]);
  assert.deepEqual(minors(100, [1, 2, 3]), [17, 33, 50]);
  assert.deepEqual(minors(1, [1, 1]), [1, 0]);
  assert.deepEqual(minors(-100, [1, 1, 1]), [-34, -33, -33]);
  assert.deepEqual(minors(5, [0, 3, 0]), [0, 5, 0]);
  assert.deepEqual(minors(0, [1, 2]), [0, 0]);
});

test('the parts always add up and each is within one minor unit of its exact share', () => {
  forAll(1_000, (cases) => {
    const amount = money(cases.oneOf(['EUR', 'JPY', 'KWD']), cases.whole(-1e9, 1e9));
    const weights = Array.from({ length: cases.whole(1, 12) }, () =>
      cases.oneOf([0, 1, cases.whole(0, 1e6)]),
    );
    weights[cases.whole(0, weights.length - 1)] = cases.whole(1, 1e6);
    const total = weights.reduce((a, b) => a + b, 0);
    const parts = split(amount, weights);
    assert.deepEqual(sum(amount.currency, parts), amount);
    for (const [index, part] of parts.entries()) {
      assert.ok(Math.abs(part.minor - (amount.minor * weights[index]!) / total) < 1 + 1e-6);
      if (weights[index] === 0) assert.equal(part.minor, 0);
    }
  });
});

test('a split by nothing is refused', () => {
  for (const weights of [[], [0, 0], [-1, 2], [0.5], [Number.NaN]]) {
    assert.throws(
      () => minors(100, weights),
      (error) => isGoblinError(error, 'INVALID_INPUT'),
    );
  }
});
