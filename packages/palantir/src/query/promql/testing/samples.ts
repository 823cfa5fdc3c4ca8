/** Samples for tests of queries: a counter that is reset, gauges that come and go, histograms, and labels to match on. */

import { compileMatcher } from '../matching.ts';
import type { SampleSeries, SeriesSource } from '../source.ts';

/** The moment that all tests ask for. */
export const NOW_MS: number = Date.UTC(2026, 0, 31, 12, 0, 0);
const MINUTES = 120;
const PERIOD_MS = 15_000;

type Wave = (index: number) => number | undefined;

function series(labels: Record<string, string>, wave: Wave, shiftMs = 0): SampleSeries {
  const times: number[] = [];
  const values: number[] = [];
  const count = (MINUTES * 60_000) / PERIOD_MS;
  for (let i = 0; i <= count; i++) {
    const value = wave(i);
    if (value === undefined) continue;
    times.push(NOW_MS - (count - i) * PERIOD_MS + shiftMs);
    values.push(value);
  }
  return { labels, times: Float64Array.from(times), values: Float64Array.from(values) };
}

function buckets(
  name: string,
  labels: Record<string, string>,
  perStep: readonly number[],
  bounds: readonly string[],
): SampleSeries[] {
  let sum = 0;
  return bounds.map((le, i) => {
    sum += perStep[i]!;
    const step = sum;
    return series({ __name__: `${name}_bucket`, ...labels, le }, (index) => index * step);
  });
}

export const SAMPLES: readonly SampleSeries[] = [
  ...['tax', 'shop'].flatMap((service, s) =>
    ['200', '500'].flatMap((status, c) =>
      ['1', '2'].map((instance, n) =>
        series(
          { __name__: 'requests_total', service, status, instance },
          // The second instance of tax is started again, and counts from 0.
          (i) => (s === 0 && n === 1 && i >= 300 ? i - 300 : i) * (1 + s + 3 * c) + n,
          s * 1_234 + n * 777,
        ),
      ),
    ),
  ),
  ...['tax', 'shop'].map((service, s) =>
    series({ __name__: 'temperature', service }, (i) => 20 + s * 5 + Math.sin(i / 10) * 7, s * 500),
  ),
  series({ __name__: 'flaky', service: 'tax' }, (i) => (i % 60 < 25 ? (i % 7) - 3 : undefined)),
  series({ __name__: 'odd', kind: 'nan' }, (i) => (i % 3 === 0 ? Number.NaN : i)),
  series({ __name__: 'odd', kind: 'inf' }, (i) => (i % 4 === 0 ? Number.POSITIVE_INFINITY : -i)),
  series({ __name__: 'limit', service: 'tax', team: 'money' }, () => 24),
  series({ __name__: 'limit', service: 'shop', team: 'front' }, () => 26),
  ...buckets('latency_seconds', { service: 'tax' }, [5, 10, 20, 4, 1], ['0.005', '0.01', '0.1', '1', '+Inf']),
  ...buckets('latency_seconds', { service: 'shop' }, [0, 0, 3, 0, 0], ['0.005', '0.01', '0.1', '1', '+Inf']),
];

/** The samples, in memory. */
export const sampleSource: SeriesSource = {
  async select(matchers, fromMs, toMs) {
    const tests = matchers.map((matcher) => ({ label: matcher.label, test: compileMatcher(matcher) }));
    return SAMPLES.filter(({ labels }) => tests.every(({ label, test }) => test(labels[label] ?? ''))).map(
      ({ labels, times, values }) => {
        const from = times.findIndex((time) => time >= fromMs);
        const to = times.findLastIndex((time) => time <= toMs) + 1;
        return from === -1
          ? { labels, times: new Float64Array(), values: new Float64Array() }
          : { labels, times: times.slice(from, to), values: values.slice(from, to) };
      },
    );
  },
};

/** As `promtool tsdb create-blocks-from openmetrics` reads them. */
export function openMetrics(): string {
  const lines: string[] = [];
  for (const { labels, times, values } of SAMPLES) {
    const { __name__: name, ...rest } = labels;
    const pairs = Object.entries(rest).map(([label, value]) => `${label}="${value}"`);
    for (const [i, time] of times.entries())
      lines.push(`${name}{${pairs.join(',')}} ${text(values[i]!)} ${time / 1_000}`);
  }
  return `${lines.join('\n')}\n# EOF\n`;
}

function text(value: number): string {
  return Number.isFinite(value) || Number.isNaN(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
}
