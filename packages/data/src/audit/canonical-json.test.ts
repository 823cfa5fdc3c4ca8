import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalJson } from './canonical-json.ts';

test('the examples of RFC 8785 come out byte by byte', () => {
  // Section 3.2.2 and 3.2.3.
  const primitives = JSON.parse(String.raw`{
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false]
  }`);
  assert.equal(
    canonicalJson(primitives),
    String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  );
  const sorting = JSON.parse(String.raw`{
    "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
    "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"
  }`);
  assert.deepEqual(
    [...canonicalJson(sorting).matchAll(/:"([A-Z]\w+)/g)].map((match) => match[1]),
    ['Carriage', 'One', 'Control', 'Latin', 'Euro', 'Emoji', 'Hebrew'],
  );
  // Appendix B.
  for (const [number, written] of [
    [0, '0'],
    [-0, '0'],
    [5e-324, '5e-324'],
    [1.7976931348623157e308, '1.7976931348623157e+308'],
    [9007199254740992, '9007199254740992'],
    [295147905179352830000, '295147905179352830000'],
    [9.999999999999997e22, '9.999999999999997e+22'],
    [1e21, '1e+21'],
    [0.000001, '0.000001'],
    [1e-7, '1e-7'],
  ] as const)
    assert.equal(canonicalJson(number), written);
});

test('the order in which a value was put together does not show', () => {
  assert.equal(
    canonicalJson({ b: { y: 1, x: [2, { d: 1, c: 2 }] }, a: null }),
    canonicalJson({ a: null, b: { x: [2, { c: 2, d: 1 }], y: 1 } }),
  );
});

test('what JSON cannot hold is refused, and not left out', () => {
  const deep = JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`);
  for (const value of [Number.NaN, Infinity, undefined, 1n, () => 1, { a: undefined }, '\ud800', deep])
    assert.throws(() => canonicalJson(value), { code: 'INVALID_INPUT' });
});
