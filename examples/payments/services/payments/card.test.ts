import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Card, kept } from './card.ts';

test('a number whose check digit is wrong, too short or with letters is no card', () => {
  for (const number of ['4242424242424242', '5555555555554444', '378282246310005', '4000000000000341']) {
    assert.ok(Card.safeParse({ number }).success, number);
  }
  for (const number of [
    '4242424242424241',
    '42',
    '4242 4242 4242 4242',
    '',
    '4'.repeat(20),
    '424242424242424a',
  ]) {
    assert.ok(!Card.safeParse({ number }).success, number);
  }
});

test('every single wrong digit is noticed', () => {
  const number = '4242424242424242';
  for (let index = 0; index < number.length; index++) {
    for (let digit = 0; digit < 10; digit++) {
      const other = number.slice(0, index) + digit + number.slice(index + 1);
      assert.equal(Card.safeParse({ number: other }).success, other === number, other);
    }
  }
});

test('of a card, the brand and the last four digits are kept', () => {
  assert.deepEqual(kept({ number: '4242424242424242' }), { brand: 'Visa', last4: '4242' });
  assert.deepEqual(kept({ number: '5555555555554444' }), { brand: 'Mastercard', last4: '4444' });
  assert.deepEqual(kept({ number: '378282246310005' }), { brand: 'American Express', last4: '0005' });
  assert.deepEqual(kept({ number: '6011111111111117' }), { brand: 'Card', last4: '1117' });
});
