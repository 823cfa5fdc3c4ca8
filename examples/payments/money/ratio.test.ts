import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoblinError } from 'goblin';
import { money } from './money.ts';
import { forAll } from './random.fixture.ts';
import { percent, portion } from './ratio.ts';

test('a percentage is taken exactly as it is written', () => {
  assert.deepEqual(percent('25.5'), { numerator: 255n, denominator: 1000n });
  assert.deepEqual(percent('0'), { numerator: 0n, denominator: 100n });
  for (const text of ['', '-1', '1e3', '20%', '25,5', '.5', '5.', 'NaN', '1234567', '0.1234567']) {
    assert.throws(
      () => percent(text),
      (error) => isGoblinError(error, 'INVALID_INPUT'),
      text,
    );
  }
});

test('half a minor unit is rounded away from zero', () => {
  const half = percent('50');
  assert.equal(portion(money('EUR', 3), half).minor, 2);
  assert.equal(portion(money('EUR', -3), half).minor, -2);
  assert.equal(portion(money('EUR', 1), half).minor, 1);
  assert.equal(portion(money('EUR', 0), half).minor, 0);
});

test('a portion is never further than half a minor unit from the exact one', () => {
  forAll(1_000, (cases) => {
    const amount = money('EUR', cases.whole(-1e12, 1e12));
    const ratio = { numerator: BigInt(cases.whole(0, 400)), denominator: BigInt(cases.whole(1, 1_000)) };
    const error =
      BigInt(portion(amount, ratio).minor) * ratio.denominator - BigInt(amount.minor) * ratio.numerator;
    assert.ok((error < 0n ? -error : error) * 2n <= ratio.denominator);
  });
});
