/** Where the engine gets its samples. */
import type { Labels, Matcher } from '../../model.ts';
import { isStale } from '../../sample-rules.ts';

/** The mark of a series that has ended is a sample (sample-rules.ts): there is no value from it on, and it is none in a range. */
export interface SampleSeries {
  readonly labels: Labels;
  /** Milliseconds since the Unix epoch, rising. */
  readonly times: Float64Array;
  readonly values: Float64Array;
}

export interface SelectOptions {
  /** One sample for each so long is enough. */
  readonly stepMs?: number;
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

/** What a range holds of a series: its samples without the marks. */
export function withoutMarks(series: SampleSeries): SampleSeries {
  const { labels, times, values } = series;
  const isValue = Uint8Array.from(values, (_, i) => (isStale(values, i) ? 0 : 1));
  if (!isValue.includes(0)) return series;
  return { labels, times: times.filter((_, i) => isValue[i]), values: values.filter((_, i) => isValue[i]) };
}
