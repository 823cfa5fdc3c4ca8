import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Slo } from '../../../src/slo/slo.ts';
import { withNow } from './budget-now.ts';

const budget = {
  times: [0, 60_000],
  series: [{ service: 'tax', labels: { service: 'tax' }, values: [1, 0.9] }],
};
const slo = { labels: { service: 'tax', about: 'errors' }, budgetLeft: -3 } as unknown as Slo;

test('a budget ends with what is left of it now, and not with what was left a step ago', () => {
  const { times, series } = withNow(budget, [slo], 90_000);
  assert.deepEqual(times, [0, 60_000, 90_000]);
  assert.deepEqual(series[0]!.values, [1, 0.9, -3]);
});

test('of a line whose objective is not told now nothing is known', () => {
  assert.deepEqual(withNow(budget, [], 90_000).series[0]!.values, [1, 0.9, null]);
});

test('what reaches until now stays as it is', () => {
  assert.deepEqual(withNow(budget, [slo], 60_000), budget);
});
