/** The samples of a batch as columns, which go from thread to thread without a copy, bits of NaNs included. */
import type { Labels, Sample } from '../../model.ts';

export interface PackedSamples {
  readonly series: readonly Labels[];
  /** Which of `series` each sample is of. */
  readonly seriesOf: Uint32Array;
  /** Milliseconds since the Unix epoch. */
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** Samples that share one labels object become one series here. */
export function packSamples(samples: readonly Sample[]): PackedSamples {
  const known = new Map<Labels, number>();
  const seriesOf = new Uint32Array(samples.length);
  const times = new Float64Array(samples.length);
  const values = new Float64Array(samples.length);
  let previous: Labels | undefined;
  let at = 0;
  for (let i = 0; i < samples.length; i++) {
    const { series, atMs, value } = samples[i]!;
    if (series !== previous) {
      at = known.get(series) ?? known.size;
      if (at === known.size) known.set(series, at);
      previous = series;
    }
    seriesOf[i] = at;
    times[i] = atMs;
    values[i] = value;
  }
  return { series: [...known.keys()], seriesOf, times, values };
}
