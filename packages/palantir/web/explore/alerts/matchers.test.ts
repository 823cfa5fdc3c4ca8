import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchersOf, matchersText } from './matchers.ts';

test('matchers are read as they are written', () => {
  const text = 'rule="a, \\"b\\"", service=~"tax|cart", node!="x"';
  const matchers = matchersOf(text)!;
  assert.deepEqual(matchers[0], { label: 'rule', op: '=', value: 'a, "b"' });
  assert.equal(matchersText(matchers), text);
  assert.deepEqual(matchersOf('{service=tax}'), [{ label: 'service', op: '=', value: 'tax' }]);
  assert.deepEqual(matchersOf('route=~"/\\d+"'), [{ label: 'route', op: '=~', value: '/\\d+' }]);
});

test('what is no matcher is refused as a whole', () => {
  for (const text of ['', '{}', 'service', 'service="tax" rule="x"', '="x"', 'service="tax', 'a="b", c'])
    assert.equal(matchersOf(text), undefined, text);
});
