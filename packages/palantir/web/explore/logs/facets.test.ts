import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLine } from '../../../src/model.ts';
import { facetsOf } from './facets.ts';

function line(service: string, severity: number, attributes: Record<string, string>): LogLine {
  return { atMs: 0, severity, body: '', service, attributes };
}

test('values are counted, the most frequent first; ids come last', () => {
  const lines = Array.from({ length: 20 }, (_, index) =>
    line(index < 15 ? 'tax' : 'cart', index === 0 ? 17 : 9, {
      id: String(index),
      ...(index < 4 && { route: '/a' }),
      long: 'x'.repeat(1_000),
    }),
  );
  const facets = facetsOf(lines);
  assert.deepEqual(
    facets.map(({ name, distinct }) => [name, distinct]),
    [
      ['service', 2],
      ['level', 2],
      ['route', 1],
      ['id', 20],
      ['long', 0],
    ],
  );
  assert.deepEqual(facets[0]!.values, [
    { value: 'tax', count: 15 },
    { value: 'cart', count: 5 },
  ]);
  assert.equal(facets[3]!.values.length, 8);
});

test('however many attributes there are, some are shown', () => {
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`name${index}`, 'x']));
  assert.equal(facetsOf([line('tax', 9, many)]).length, 14);
  assert.deepEqual(
    facetsOf([]).map(({ name }) => name),
    ['service', 'level'],
  );
});
