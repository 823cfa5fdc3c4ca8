/** Where the engine gets its samples. */
import type { Labels, Matcher } from '../../model.ts';
import { isStale } from '../../sample-rules.ts';
import type { Aggregate } from '../../store/metrics/rollup.ts';

/** The mark of a series that has ended is a sample (sample-rules.ts): there is no value from it on, and it is none in a range. */
export interface SampleSeries {
  readonly labels: Labels;
  /** Milliseconds since the Unix epoch, rising. */
  readonly times: Float64Array;
  readonly values: Float64Array;
}

export interface SelectOptions {
  /** One value for each so long is enough, which is that of its samples: */
  readonly stepMs?: number;
  /** Default `last`. */
  readonly aggregate?: Aggregate;
  readonly signal?: AbortSignal;
}

export interface SeriesSource {
  /** Samples of all series that match, from and to included. */
  select(
    matchers: readonly Matcher[],
    fromMs: number,
    toMs: number,
    options?: SelectOptions,
  ): Promise<readonly SampleSeries[]>;
}

/** The same, with one sample for each so long, whatever is asked for. */
export function bySteps(source: SeriesSource, stepMs: number): SeriesSource {
  return {
    select: (matchers, fromMs, toMs, options) =>
      source.select(matchers, fromMs, toMs, { ...options, stepMs, aggregate: 'last' }),
  };
}

/** What a range holds of a series: its samples without the marks. */
export function withoutMarks(series: SampleSeries): SampleSeries {
  const { labels, times, values } = series;
  let first = 0;
  while (first < values.length && !(Number.isNaN(values[first]) && isStale(values, first))) first++;
  if (first === values.length) return series;
  const isValue = (_: number, i: number): boolean => !isStale(values, i);
  return { labels, times: times.filter(isValue), values: values.filter(isValue) };
}
