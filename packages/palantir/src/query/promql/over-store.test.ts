/** Queries of the store, which has samples rolled up by the minute and by the hour, beside the same of all samples. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { virtualClock } from '@goblin/core';
import { temporaryFolder } from '../../store/fixtures/folder.ts';
import { batch } from '../../store/fixtures/telemetry.ts';
import { openStore } from '../../store/store.ts';
import type { TelemetryStore } from '../../store/telemetry-store.ts';
import { queryRange, type SeriesResult } from './engine.ts';
import type { SeriesSource } from './source.ts';
import { QUERIES } from './testing/queries.ts';
import { NOW_MS, SAMPLES, sampleSource } from './testing/samples.ts';
import { keyOf } from './vector.ts';

const MINUTE_MS = 60_000;
const folder = temporaryFolder();
let store: TelemetryStore;

before(async () => {
  store = await openStore({
    folder: folder.path,
    retention: { days: 5, bytes: 1e9 },
    clock: virtualClock(NOW_MS),
  });
  const samples = SAMPLES.flatMap(({ labels, times, values }) =>
    Array.from(times, (atMs, i) => ({ series: labels, atMs, value: values[i]! })),
  ).filter(({ value }) => !Number.isNaN(value));
  // Half of it sealed, half as it came.
  const isEarly = ({ atMs }: { atMs: number }): boolean => atMs < NOW_MS - 60 * MINUTE_MS;
  await store.append(batch({ samples: samples.filter(isEarly) }));
  await store.seal();
  await store.append(batch({ samples: samples.filter((one) => !isEarly(one)) }));
});

after(async () => {
  await store[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function asked(
  source: SeriesSource,
  query: string,
  stepMs: number,
): Promise<Map<string, SeriesResult>> {
  // Not at full minutes, nor at the times of samples.
  const range = { fromMs: NOW_MS - 100 * MINUTE_MS + 3_210, toMs: NOW_MS - 3_210, stepMs };
  const { series } = await queryRange(source, query, range);
  return new Map(series.map((one) => [keyOf(one.labels), one]));
}

test('steps below five minutes, and ranges below five, see every sample', async () => {
  // NaN is refused by the store.
  for (const query of QUERIES.filter((one) => !one.includes('odd')))
    for (const stepMs of [15_000, MINUTE_MS, 4 * MINUTE_MS])
      assert.deepEqual(
        await asked(store, query, stepMs),
        await asked(sampleSource, query, stepMs),
        `${query} by ${stepMs} ms`,
      );
  for (const query of ['rate(requests_total[1m])', 'avg_over_time(temperature[2m])'])
    assert.deepEqual(
      await asked(store, query, 30 * MINUTE_MS),
      await asked(sampleSource, query, 30 * MINUTE_MS),
    );
});

test('functions that need every sample get it, however long steps and ranges are', async () => {
  for (const query of [
    'count_over_time(requests_total[20m])',
    'sum_over_time(flaky[10m])',
    'quantile_over_time(0.9, temperature[10m])',
    'stddev_over_time(temperature[10m])',
    'changes(flaky[10m])',
    'resets(requests_total[1h])',
    'irate(requests_total[30m])',
  ])
    assert.deepEqual(
      await asked(store, query, 10 * MINUTE_MS),
      await asked(sampleSource, query, 10 * MINUTE_MS),
      query,
    );
});

test('long steps and ranges are answered by the minute, with a value wherever there is one', async () => {
  for (const query of [
    'rate(requests_total[5m])',
    'increase(requests_total[10m])',
    'avg_over_time(temperature[10m])',
    'min_over_time(temperature[10m])',
    'max_over_time(temperature[10m])',
    'avg(temperature)',
    'histogram_quantile(0.9, sum by (le) (rate(duration_seconds_bucket[10m])))',
  ])
    for (const stepMs of [5 * MINUTE_MS, 10 * MINUTE_MS]) {
      const [rolled, exact] = [await asked(store, query, stepMs), await asked(sampleSource, query, stepMs)];
      assert.deepEqual([...rolled.keys()].sort(), [...exact.keys()].sort(), query);
      for (const [key, { points }] of exact) {
        const got = rolled.get(key)!.points;
        assert.deepEqual(
          got.map(([atMs]) => atMs),
          points.map(([atMs]) => atMs),
          query,
        );
        for (const [i, [, value]] of points.entries())
          assert.ok(
            Math.abs(got[i]![1] - value) <= 0.15 * Math.abs(value),
            `${query}: ${got[i]![1]}, not ${value}`,
          );
      }
    }
});
