import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contract, isGoblinError } from '@goblin/core';
import { z } from 'zod';
import { readKey } from './read-key.ts';

const any = { input: z.any(), output: z.any() };
const { get, quote, charge, watch } = contract('tax.v1', {
  get: { ...any, get: true },
  quote: { ...any, idempotent: true },
  charge: any,
  watch: { ...any, idempotent: true, stream: true },
}).procedures;

const keyOf = (input: unknown): string | undefined => readKey()({ procedure: get, input });

test('calls that only read have a key: those with get, and the idempotent ones that are named', () => {
  assert.equal(keyOf({ id: 1 }), '/tax.v1/get {"id":1,}');
  assert.equal(readKey()({ procedure: quote, input: 'FR' }), undefined);
  assert.equal(readKey('quote')({ procedure: quote, input: 'FR' }), '/tax.v1/quote "FR"');
  assert.equal(readKey('quote')({ procedure: charge, input: 'FR' }), undefined);
  for (const procedure of [charge, watch])
    assert.throws(
      () => readKey('charge', 'watch')({ procedure, input: 'FR' }),
      (error) => isGoblinError(error, 'FAILED_PRECONDITION') && /cannot be shared/.test(error.message),
    );
});

test('the same input has the same key, whatever order its fields are in', () => {
  assert.equal(keyOf({ a: 1, b: [{ d: 4, c: 3 }] }), keyOf({ b: [{ c: 3, d: 4 }], a: 1 }));
});

test('different inputs have different keys', () => {
  const inputs = [
    undefined,
    null,
    true,
    false,
    0,
    -0,
    1,
    1n,
    '1',
    '1n',
    Number.NaN,
    'NaN',
    '',
    [],
    {},
    [[]],
    [{}],
    [1, 2],
    [[1], 2],
    ['1,2'],
    { a: 1 },
    { a: '1' },
    { a: undefined },
    { 'a":1,"b': 2 },
    { a: 1, b: 2 },
    new Date(1),
    '@1',
    [null],
    [undefined],
    '{}',
    '[]',
  ];
  const keys = inputs.map(keyOf);
  assert.equal(new Set(keys).size, inputs.length);
  assert.ok(!keys.includes(undefined));
});

test('what cannot be told apart has no key', () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  for (const input of [
    new Map([[1, 2]]),
    new Set([1]),
    new URL('http://a'),
    /a/,
    () => 1,
    Symbol('a'),
    circular,
  ])
    for (const value of [input, [input], { deep: [{ input }] }]) assert.equal(keyOf(value), undefined);
});
