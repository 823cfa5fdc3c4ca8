import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Condition, hasCondition, toggleCondition } from './log-query.ts';

const service: Condition = { name: 'service', op: '=', value: 'tax' };
const order: Condition = { name: 'order_id', op: '=', value: 'a"b' };

test('a click on a value adds it to the query, a second one takes it out', () => {
  assert.equal(toggleCondition('', service), '{service="tax"}');
  assert.equal(
    toggleCondition('{level="warn"} |= "} late"', service),
    '{level="warn", service="tax"} |= "} late"',
  );
  for (const query of ['{}', '{level=~"error|warn"} |= "a, } b" | json', '{zone="x", level="error"}']) {
    for (const condition of [service, order, { ...order, op: '!=' as const }]) {
      const added = toggleCondition(query, condition);
      assert.ok(hasCondition(added, condition), added);
      assert.equal(hasCondition(query, condition), false);
      assert.equal(toggleCondition(added, condition), query);
    }
  }
});

test('attributes stand behind the braces', () => {
  assert.equal(toggleCondition('', order), '{} | order_id="a\\"b"');
  assert.equal(
    toggleCondition('{service="tax"} |= "late"', order),
    '{service="tax"} |= "late" | order_id="a\\"b"',
  );
});

test('what contradicts it is taken out', () => {
  assert.equal(toggleCondition('{service="tax"}', { ...service, op: '!=' }), '{service!="tax"}');
  assert.equal(toggleCondition('{} | order_id!="a\\"b"', order), '{} | order_id="a\\"b"');
});

test('words without braces are kept', () => {
  assert.equal(toggleCondition('|= "late"', service), '{service="tax"} |= "late"');
});
