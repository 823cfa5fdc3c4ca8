import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoblinError } from 'goblin';
import { currencies } from './currencies.ts';
import { add, format, Money, money, subtract, sum, toDecimal } from './money.ts';
import { forAll } from './random.fixture.ts';

const invalid = (error: unknown): boolean => isGoblinError(error, 'INVALID_INPUT');

test('the table holds the 165 currencies of ISO 4217 that have a minor unit, each once', () => {
  assert.equal(currencies.size, 165);
  assert.equal(new Set([...currencies.values()].map((currency) => currency.numeric)).size, 165);
  for (const { code, numeric, digits, name } of currencies.values()) {
    assert.match(code, /^[A-Z]{3}$/);
    assert.match(numeric, /^\d{3}$/, code);
    assert.ok([0, 2, 3, 4].includes(digits), code);
    assert.ok(name.length > 2, code);
  }
});

test('currencies without cents, with thousandths and with ten-thousandths keep their digits', () => {
  const withDigits = (digits: number): string[] =>
    [...currencies.values()]
      .filter((currency) => currency.digits === digits)
      .map((currency) => currency.code);
  assert.deepEqual(withDigits(0), [
    ...['BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV'],
    ...['XAF', 'XOF', 'XPF'],
  ]);
  assert.deepEqual(withDigits(3), ['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND']);
  assert.deepEqual(withDigits(4), ['CLF', 'UYW']);
});

test('a currency that was withdrawn is refused', () => {
  assert.ok(Money.safeParse({ currency: 'EUR', minor: 1 }).success);
  for (const currency of ['BGN', 'HRK', 'ANG', 'eur', 'XAU', 'toString']) {
    assert.ok(!Money.safeParse({ currency, minor: 1 }).success, currency);
  }
});

test('fractions of a minor unit and numbers that JSON would round are refused', () => {
  for (const minor of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    assert.ok(!Money.safeParse({ currency: 'EUR', minor }).success, String(minor));
    assert.throws(() => money('EUR', minor), invalid);
  }
  assert.throws(() => add(money('EUR', Number.MAX_SAFE_INTEGER), money('EUR', 1)), invalid);
});

test('two currencies do not add up', () => {
  assert.throws(() => add(money('EUR', 1), money('USD', 1)), invalid);
  assert.throws(() => subtract(money('EUR', 1), money('USD', 1)), invalid);
});

test('what is added can be taken away again, whatever the order', () => {
  forAll(500, (cases) => {
    const amounts = Array.from({ length: cases.whole(0, 8) }, () => money('EUR', cases.whole(-1e12, 1e12)));
    const total = sum('EUR', amounts);
    assert.deepEqual(sum('EUR', amounts.toReversed()), total);
    assert.deepEqual(amounts.reduce(subtract, total), money('EUR', 0));
  });
});

test('amounts are written with the digits of their currency', () => {
  assert.equal(toDecimal(money('EUR', 1999)), '19.99');
  assert.equal(toDecimal(money('EUR', -5)), '-0.05');
  assert.equal(toDecimal(money('JPY', 1999)), '1999');
  assert.equal(toDecimal(money('KWD', 1999)), '1.999');
  assert.equal(toDecimal(money('CLF', 1)), '0.0001');
  assert.equal(format(money('EUR', 1999), 'en'), '€19.99');
  assert.equal(format(money('EUR', 1999), 'de').replace('\u00a0', ' '), '19,99 €');
  assert.equal(format(money('JPY', Number.MAX_SAFE_INTEGER), 'en'), '¥9,007,199,254,740,991');
});
