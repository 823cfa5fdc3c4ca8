import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classicBuckets } from './classic-buckets.ts';
import { histogramIn, mergeHistograms, quantileOf, subtractHistograms } from './histogram-snapshot.ts';
import { BUCKETS, LogLinearHistogram, lowerBound, MAX_RELATIVE_ERROR } from './log-linear-histogram.ts';
import { metricsRegistry } from './metrics-registry.ts';

/** Repeatable numbers between 0 and 1 (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function histogramOf(values: Iterable<number>): LogLinearHistogram {
  const histogram = new LogLinearHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

/** Spread evenly over the powers of ten from a microsecond to a thousand seconds. */
function durations(count: number, random: () => number): number[] {
  return Array.from({ length: count }, () => 10 ** (random() * 9 - 6));
}

test('a quantile is within 3.2 % of the exact one, from 1 µs to 1,000 s', () => {
  const values = durations(20_000, numbers(1));
  const histogram = histogramOf(values);
  values.sort((a, b) => a - b);
  for (const q of [0, 0.001, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1]) {
    const exact = values[Math.max(1, Math.ceil(q * values.length)) - 1]!;
    const error = Math.abs(histogram.quantile(q) / exact - 1);
    assert.ok(error <= MAX_RELATIVE_ERROR, `q ${q}: ${error}`);
  }
});

test('every bucket begins with its lower bound, and the value just below falls into the one before', () => {
  for (let bucket = 1; bucket < BUCKETS; bucket++) {
    const bound = lowerBound(bucket);
    assert.equal(new LogLinearHistogram().record(bound), bucket);
    assert.equal(new LogLinearHistogram().record(bound * (1 - Number.EPSILON)), bucket - 1);
  }
});

test('merged histograms are the histogram of all their values, in whatever order they grew', () => {
  const random = numbers(2);
  const parts = Array.from({ length: 5 }, (_, i) => durations(500 * i, random));
  const whole = histogramOf(parts.flat()).snapshot();
  const merged = mergeHistograms(
    parts.map((values) => JSON.parse(JSON.stringify(histogramOf(values).snapshot()))),
  );
  assert.deepEqual(merged.buckets, whole.buckets);
  assert.equal(merged.count, whole.count);
  assert.ok(Math.abs(merged.sum / whole.sum - 1) < 1e-9);
});

test('subtracting an earlier snapshot leaves what was recorded since', () => {
  const histogram = histogramOf([0.001, 0.002, 5]);
  const before = histogram.snapshot();
  for (const value of [0.1, 0.1, 0.1]) histogram.record(value);
  const recent = subtractHistograms(histogram.snapshot(), before);
  assert.equal(recent.count, 3);
  assert.ok(Math.abs(recent.sum - 0.3) < 1e-9);
  assert.ok(Math.abs(quantileOf(recent, 0.99) / 0.1 - 1) <= MAX_RELATIVE_ERROR);
});

test('after a restart, subtracting leaves all that the new process has recorded', () => {
  const before = histogramOf([1, 1, 1, 7]).snapshot();
  const now = histogramOf([1]).snapshot();
  assert.deepEqual(subtractHistograms(now, before), now);
  assert.deepEqual(subtractHistograms(histogramOf([1, 1, 1, 1, 2]).snapshot(), before).count, 5);
});

test('zero, negative, tiny and huge values are counted; what is no number is not', () => {
  const histogram = histogramOf([0, -0, -3, 1e-300, 1e300, Number.MAX_VALUE]);
  assert.equal(histogram.count, 6);
  assert.equal(histogram.quantile(0.5), 0);
  assert.equal(histogram.record(Number.NaN), -1);
  assert.equal(histogram.record(Number.POSITIVE_INFINITY), -1);
  assert.equal(histogram.count, 6);
});

test('all series of a histogram in a snapshot are read as one', () => {
  const metrics = metricsRegistry();
  const waits = metrics.histogram('wait_seconds', { help: 'Waits.', labels: ['lane'] });
  for (const lane of ['a', 'b', 'b']) waits.with(lane).record(1);
  const snapshot = metrics.snapshot();
  assert.equal(histogramIn(snapshot, 'wait_seconds').count, 3);
  assert.equal(histogramIn(snapshot, 'unknown_seconds').count, 0);
});

test('an empty histogram has no quantiles', () => {
  assert.ok(Number.isNaN(new LogLinearHistogram().quantile(0.5)));
  assert.ok(Number.isNaN(quantileOf({ count: 0, sum: 0, buckets: [] }, 0.5)));
});

test('a snapshot with buckets that do not exist adds nothing and takes no memory', () => {
  const histogram = new LogLinearHistogram();
  const buckets = [-1, 5, 1.5, 5, 1e12, 5, BUCKETS, 5, 7, -2, Number.NaN, 3, 9];
  histogram.merge({ count: 1, sum: 1, buckets });
  assert.equal(histogram.count, 0);
});

test('a value that equals a classic bound counts under it', () => {
  for (const unit of ['seconds', 'bytes', '']) {
    const { bounds, groups } = classicBuckets(unit);
    bounds.forEach((bound, i) => {
      assert.equal(groups[new LogLinearHistogram().record(bound)], i, `${bound} ${unit}`);
    });
  }
});
