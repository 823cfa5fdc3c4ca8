import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unitOf, written } from './units.ts';

test('numbers are written with their unit', () => {
  assert.equal(written(0.25, 'seconds'), '250 ms');
  assert.equal(written(-0.25, 'seconds'), '−250 ms');
  assert.equal(written(90, 'seconds'), '90 s');
  assert.equal(written(150, 'seconds'), '2.50 min');
  assert.equal(written(12_400, 'perSecond'), '12.4 k/s');
  assert.equal(written(1_536, 'bytes'), '1.5 KiB');
  assert.equal(written(0, 'bytes'), '0 B');
  assert.equal(written(0.5, 'share'), '50 %');
  assert.equal(written(null, 'number'), '–');
  assert.equal(written(0.0012, 'number'), '0.0012');
});

test('the unit of a query is told by the names of its metrics', () => {
  assert.equal(unitOf('histogram_quantile(0.9, sum by (le) (rate(x_seconds_bucket[1m])))'), 'seconds');
  assert.equal(unitOf('sum(rate(x_seconds_count[1m]))'), 'perSecond');
  assert.equal(unitOf('process_resident_memory_bytes'), 'bytes');
  assert.equal(unitOf('nodejs_eventloop_utilization_ratio'), 'share');
  assert.equal(unitOf('task_oldest_seconds'), 'seconds');
  assert.equal(unitOf('up'), 'number');
});
