/** Series for tests of rules, in memory: each is a function of time, sampled each 5 s, or a list of samples that grows. */
import type { Labels, Sample } from '../../model.ts';
import type { SampleSeries, SeriesSource } from '../../query/promql/source.ts';
import { keyOf } from '../../query/promql/vector.ts';
import { compileMatchers } from '../../store/matching.ts';

const PERIOD_MS = 5_000;

/** @param value at so many milliseconds before the end; undefined where there is no sample */
export function wave(
  series: Labels,
  endMs: number,
  lengthMs: number,
  value: (beforeEndMs: number) => number | undefined,
): Sample[] {
  const samples: Sample[] = [];
  for (let before = lengthMs; before >= 0; before -= PERIOD_MS) {
    const now = value(before);
    if (now !== undefined) samples.push({ series, atMs: endMs - before, value: now });
  }
  return samples;
}

export interface TestSource extends SeriesSource {
  add(...samples: readonly Sample[]): void;
  /** Makes each question fail, or wait for ever, until it is set back. */
  trouble: 'none' | 'fails' | 'hangs';
}

export function testSource(samples: readonly Sample[] = []): TestSource {
  const bySeries = new Map<string, Sample[]>();
  const add = (...more: readonly Sample[]): void => {
    for (const sample of more) {
      const key = keyOf(sample.series);
      const known = bySeries.get(key);
      if (known) known.push(sample);
      else bySeries.set(key, [sample]);
    }
  };
  add(...samples);
  const source: TestSource = {
    trouble: 'none',
    add,
    async select(matchers, fromMs, toMs) {
      if (source.trouble === 'fails') throw new Error('the source is broken');
      if (source.trouble === 'hangs') await new Promise(() => {});
      const tests = compileMatchers(matchers);
      return [...bySeries.values()].flatMap((all): SampleSeries[] => {
        const labels = all[0]!.series;
        if (!tests.every(({ label, takes }) => takes(labels[label] ?? ''))) return [];
        const found = all.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
        if (found.length === 0) return [];
        return [
          {
            labels,
            times: Float64Array.from(found, ({ atMs }) => atMs),
            values: Float64Array.from(found, ({ value }) => value),
          },
        ];
      });
    },
  };
  return source;
}
