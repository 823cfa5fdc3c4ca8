/** Arithmetic on histograms in their JSON form, for programs that read other processes' metrics: a rate and the
 * quantiles of the last seconds, over all instances of a service.
 * @example
 * const calls = (snapshot) => histogramIn(snapshot, 'rpc_server_call_duration_seconds');
 * const recent = mergeHistograms(instances.map(({ now, before }) => subtractHistograms(calls(now), calls(before))));
 * const perSecond = recent.count / seconds;
 * const p99Seconds = quantileOf(recent, 0.99); */
import { type HistogramSnapshot, LogLinearHistogram } from './log-linear-histogram.ts';
import type { MetricsSnapshot } from './metrics.ts';

/** All series of a histogram as one; empty when the snapshot does not have it. */
export function histogramIn(snapshot: MetricsSnapshot, name: string): HistogramSnapshot {
  const series = snapshot.metrics.find((metric) => metric.name === name)?.series ?? [];
  return mergeHistograms(series.flatMap(({ histogram }) => histogram ?? []));
}

/** Everything that several histograms have recorded. */
export function mergeHistograms(histograms: Iterable<HistogramSnapshot>): HistogramSnapshot {
  const merged = new LogLinearHistogram();
  for (const histogram of histograms) merged.merge(histogram);
  return merged.snapshot();
}

/** What was recorded after `before` was taken. Where a process has started anew in between (a count has fallen),
 * all that it has recorded since. */
export function subtractHistograms(
  now: HistogramSnapshot,
  before: HistogramSnapshot | undefined,
): HistogramSnapshot {
  if (!before) return now;
  const earlier = new Map<number, number>();
  for (let i = 0; i + 1 < before.buckets.length; i += 2)
    earlier.set(before.buckets[i]!, before.buckets[i + 1]!);
  const buckets: number[] = [];
  let count = 0;
  for (let i = 0; i + 1 < now.buckets.length; i += 2) {
    const bucket = now.buckets[i]!;
    const added = now.buckets[i + 1]! - (earlier.get(bucket) ?? 0);
    if (added < 0) return now;
    earlier.delete(bucket);
    if (added > 0) buckets.push(bucket, added);
    count += added;
  }
  return earlier.size > 0 ? now : { count, sum: Math.max(0, now.sum - before.sum), buckets };
}

/** A quantile in the histogram's unit, within MAX_RELATIVE_ERROR; NaN when it is empty. */
export function quantileOf(histogram: HistogramSnapshot, q: number): number {
  const values = new LogLinearHistogram();
  values.merge(histogram);
  return values.quantile(q);
}
