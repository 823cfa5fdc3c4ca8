import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commonLabels, gridOf, nameOf } from './prometheus.ts';

test('a range that moves on asks for the same times again', () => {
  const one = gridOf({ fromMs: 1_000_001, toMs: 4_600_001 });
  const other = gridOf({ fromMs: 1_003_000, toMs: 4_603_000 });
  assert.equal(one.stepMs, 15_000);
  assert.equal(one.times[0]! % one.stepMs, 0);
  assert.ok(one.times[0]! >= 1_000_001 && one.times.at(-1)! <= 4_600_001);
  assert.deepEqual(other.times.slice(0, -1), one.times.slice(0, other.times.length - 1));
  assert.deepEqual(gridOf({ fromMs: 1, toMs: 2 }).times, []);
});

test('a series is named by what tells it from the others', () => {
  const series = [
    { labels: { __name__: 'up', job: 'a', zone: 'x' } },
    { labels: { __name__: 'up', job: 'b', zone: 'x' } },
  ];
  const common = commonLabels(series);
  assert.deepEqual([...common], ['__name__', 'zone']);
  assert.deepEqual(
    series.map(({ labels }) => nameOf(labels, common)),
    ['a', 'b'],
  );
  assert.equal(nameOf(series[0]!.labels), 'up{job="a", zone="x"}');
  assert.equal(nameOf({ __name__: 'up' }), 'up');
  assert.equal(nameOf({}), 'value');
  assert.equal(commonLabels(series.slice(1)).size, 0);
});
