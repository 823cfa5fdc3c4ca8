/** What was selected, as columns of all series together: they go from thread to thread without a copy, and are two pieces of memory,
 * however many series there are. */
import type { Labels } from '../../model.ts';

export interface SelectedSeries {
  readonly labels: Labels;
  /** Milliseconds since the Unix epoch, rising. */
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** Of one series, what one day has. */
export interface DayPart extends SelectedSeries {
  /** Milliseconds of the day. */
  readonly times: Float64Array;
  readonly dayMs: number;
}

export interface PackedSeries {
  readonly labels: readonly Labels[];
  /** Where the samples of each end. */
  readonly ends: Uint32Array;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** @param series the parts of each, day after day */
export function packSeries(series: readonly (readonly DayPart[])[]): PackedSeries {
  const length = series.reduce(
    (sum, parts) => parts.reduce((more, { times }) => more + times.length, sum),
    0,
  );
  const ends = new Uint32Array(series.length);
  const [times, values] = [new Float64Array(length), new Float64Array(length)];
  let at = 0;
  for (const [index, parts] of series.entries()) {
    for (const part of parts) {
      values.set(part.values, at);
      for (let i = 0; i < part.times.length; i++) times[at++] = part.times[i]! + part.dayMs;
    }
    ends[index] = at;
  }
  return { labels: series.map(([first]) => first!.labels), ends, times, values };
}

export function columnsOf({ ends, times, values }: PackedSeries): ArrayBuffer[] {
  return [ends, times, values].map(({ buffer }) => buffer as ArrayBuffer);
}

export function unpackSeries({ labels, ends, times, values }: PackedSeries): SelectedSeries[] {
  return labels.map((one, index) => {
    const [from, to] = [index === 0 ? 0 : ends[index - 1]!, ends[index]!];
    return { labels: one, times: times.subarray(from, to), values: values.subarray(from, to) };
  });
}
