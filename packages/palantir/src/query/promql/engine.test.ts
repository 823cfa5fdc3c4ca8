import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STALE_NAN_BYTES } from '../../sample-rules.ts';
import { queryInstant, queryRange } from './engine.ts';
import type { SeriesSource } from './source.ts';
import { NOW_MS, sampleSource } from './testing/samples.ts';

const HOUR_MS = 3_600_000;
const range = { fromMs: NOW_MS - HOUR_MS, toMs: NOW_MS, stepMs: 15_000 };

test('a query gives a value for each series, at one moment or at each step', async () => {
  const query = 'sum by (service) (rate(requests_total{status="200",instance="1"}[5m]))';
  const now = await queryInstant(sampleSource, query, NOW_MS);
  assert.deepEqual(
    now.series.map(({ labels, points }) => [labels.service, points.map(([, value]) => value.toFixed(3))]),
    [
      ['tax', ['0.067']],
      ['shop', ['0.133']],
    ],
  );
  const hour = await queryRange(sampleSource, query, range);
  assert.deepEqual(
    hour.series.map(({ points }) => [points.length, points[0]![0], points.at(-1)![0]]),
    [
      [241, range.fromMs, NOW_MS],
      [241, range.fromMs, NOW_MS],
    ],
  );
});

test('what is wrong with a query is told with line and column, and what was probably meant', async () => {
  const asked = (query: string): Promise<unknown> => queryInstant(sampleSource, query, NOW_MS);
  await assert.rejects(asked('sum by (service) (\n  rate(requests_total))'), {
    message: /at 2:3: the first argument of rate has to be a matrix, such as x\[5m\], and it is a vector/,
  });
  await assert.rejects(asked('histogram_quantil(0.9, x)'), {
    message: /at 1:1: .* is histogram_quantile meant\?/,
  });
  await assert.rejects(asked('x{a="b'), { message: /at 1:5: this text has no end/ });
  await assert.rejects(asked('x{a=~"("}'), { message: /at 1:6: "\(" is no regular expression/ });
  await assert.rejects(asked('('.repeat(5_000)), { message: /nested deeper than 100/ });
  await assert.rejects(asked('1+'.repeat(6_000)), { message: /10000 at most/ });
});

test('a series that has ended has no value from its mark on, and the mark counts in no range', async () => {
  const times = Float64Array.from([-60_000, -45_000, -30_000], (ms) => NOW_MS + ms);
  const values = new Float64Array(3);
  new Uint8Array(values.buffer).set(STALE_NAN_BYTES, 16);
  const source: SeriesSource = { select: async () => [{ labels: { __name__: 'x' }, times, values }] };
  const counted = async (query: string, atMs: number): Promise<number | undefined> =>
    (await queryInstant(source, query, atMs)).series[0]?.points[0]?.[1];
  assert.equal(await counted('x', NOW_MS - 40_000), 0);
  assert.equal(await counted('x', NOW_MS), undefined);
  assert.equal(await counted('count_over_time(x[5m])', NOW_MS), 2);
  assert.equal((await queryInstant(source, 'x[5m]', NOW_MS)).series[0]!.points.length, 2);
});

test('a query that needs too much is ended, and told which limit it was', async () => {
  await assert.rejects(queryRange(sampleSource, 'limit', { ...range, stepMs: 100 }), {
    message: /36001 steps, and 11000 at most/,
  });
  await assert.rejects(queryInstant(sampleSource, 'max_over_time(limit[1h:1ms])', NOW_MS), {
    message: /3600001 steps/,
  });
  await assert.rejects(queryRange(sampleSource, 'requests_total', range, { limits: { maxSamples: 1_000 } }), {
    code: 'RESOURCE_EXHAUSTED',
    message: /more than 1000 samples/,
  });
  const never: SeriesSource = {
    select: (_matchers, _from, _to, { signal } = {}) =>
      new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason))),
  };
  await assert.rejects(queryInstant(never, 'limit', NOW_MS, { timeoutMs: 10 }), {
    code: 'DEADLINE_EXCEEDED',
  });
  const stop = new AbortController();
  const asked = queryInstant(never, 'limit', NOW_MS, { signal: stop.signal });
  stop.abort(new Error('the reader has gone'));
  await assert.rejects(asked, { message: 'the reader has gone' });
});
