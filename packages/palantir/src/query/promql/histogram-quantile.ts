/** Quantiles of classic histograms, by linear interpolation within the bucket. Source: `bucketQuantile` in
 * prometheus/promql/quantile.go. */
import { emptySeries, keyOf, type Vector, type VectorSeries, without } from './vector.ts';

export interface Bucket {
  readonly upTo: number;
  count: number;
}

export function histogramQuantile(q: Float64Array, vector: Vector): Vector {
  const histograms = new Map<
    string,
    { labels: VectorSeries['labels']; buckets: { upTo: number; series: VectorSeries }[] }
  >();
  for (const series of vector) {
    const upTo = boundOf(series.labels.le);
    if (Number.isNaN(upTo)) continue;
    const labels = without(series.labels, ['__name__', 'le']);
    const key = keyOf(labels);
    const histogram = histograms.get(key) ?? { labels, buckets: [] };
    histograms.set(key, histogram);
    histogram.buckets.push({ upTo, series });
  }
  return [...histograms.values()].map(({ labels, buckets }) => {
    buckets.sort((a, b) => a.upTo - b.upTo);
    const result = emptySeries(labels, q.length);
    for (let step = 0; step < q.length; step++) {
      const here: Bucket[] = [];
      for (const { upTo, series } of buckets) {
        if (!series.present[step]) continue;
        const last = here.at(-1);
        if (last?.upTo === upTo) last.count += series.values[step]!;
        else here.push({ upTo, count: series.values[step]! });
      }
      if (here.length === 0) continue;
      result.present[step] = 1;
      result.values[step] = bucketQuantile(q[step]!, here);
    }
    return result;
  });
}

/** Of a bucket, by its label; NaN where it is none. */
export function boundOf(le: string | undefined): number {
  if (le === undefined || le === '') return Number.NaN;
  return le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
}

/** @param buckets cumulative, by rising bounds; counts that fall are raised */
export function bucketQuantile(q: number, buckets: Bucket[]): number {
  if (Number.isNaN(q)) return Number.NaN;
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  const last = buckets.length - 1;
  if (buckets[last]!.upTo !== Number.POSITIVE_INFINITY || last < 1) return Number.NaN;
  // Counts that fall from bucket to bucket come from scrapes in the middle of a change.
  for (let i = 1; i <= last; i++) buckets[i]!.count = Math.max(buckets[i]!.count, buckets[i - 1]!.count);
  const total = buckets[last]!.count;
  if (total === 0 || Number.isNaN(total)) return Number.NaN;
  const rank = q * total;
  const found = buckets.findIndex(({ count }, i) => i < last && count >= rank);
  if (found === -1) return buckets[last - 1]!.upTo;
  const { upTo, count } = buckets[found]!;
  if (found === 0 && upTo <= 0) return upTo;
  const before = found === 0 ? { upTo: 0, count: 0 } : buckets[found - 1]!;
  return before.upTo + (upTo - before.upTo) * ((rank - before.count) / (count - before.count));
}
