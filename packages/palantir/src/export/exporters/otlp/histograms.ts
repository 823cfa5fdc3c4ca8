/** Puts the series of classic histograms together again: at each time at which the buckets, the one of +Inf among them, and the count
 * are there and rise as they should. Samples of which no histogram comes stay series of their own. */
import type { Labels } from '../../../model.ts';
import type { ExemplarPoint } from '../../../store/metrics/exemplar-select.ts';
import { type ExportedSeries, exemplarsOf } from '../../portion.ts';
import { familyKey } from './otlp-metrics.ts';

export interface HistogramPoint {
  /** Of one of its series: name and `le` mean nothing. */
  readonly labels: Labels;
  readonly atMs: number;
  readonly count: number;
  readonly sum: number | undefined;
  /** Of each bucket alone, one more than bounds. */
  readonly counts: readonly number[];
  readonly bounds: readonly number[];
  /** Of all its series. */
  readonly exemplars: readonly ExemplarPoint[];
}

export interface Histograms {
  /** By name. */
  readonly histograms: ReadonlyMap<string, readonly HistogramPoint[]>;
  readonly others: readonly ExportedSeries[];
}

const NAME = '__name__';
const [BUCKET, SUM, COUNT] = ['_bucket', '_sum', '_count'];

export function histogramsOf(all: readonly ExportedSeries[]): Histograms {
  const histograms = new Map<string, HistogramPoint[]>();
  const others: ExportedSeries[] = [];
  for (const family of Map.groupBy(all, ({ labels }) => familyKey(labels)).values()) {
    const bucket = family.find(isBucket);
    const points = bucket ? pointsOf(family) : [];
    if (!bucket || points.length === 0) {
      others.push(...family);
      continue;
    }
    const name = bucket.labels[NAME]!.slice(0, -BUCKET.length);
    const known = histograms.get(name);
    if (known) known.push(...points);
    else histograms.set(name, points);
    const used = new Set(points.map(({ atMs }) => atMs));
    for (const series of family) {
      const isPart = [BUCKET, SUM, COUNT].some((part) => series.labels[NAME] === name + part);
      const left = isPart ? without(series, used) : series;
      if (left.times.length > 0) others.push(left);
    }
  }
  return { histograms, others };
}

function isBucket({ labels }: ExportedSeries): boolean {
  return labels[NAME]!.endsWith(BUCKET) && Object.hasOwn(labels, 'le');
}

function pointsOf(family: readonly ExportedSeries[]): HistogramPoint[] {
  const buckets = family
    .filter(isBucket)
    .map((series) => ({ bound: boundOf(series.labels.le!), at: valuesByTime(series) }))
    .sort((one, other) => one.bound - other.bound);
  const part = (name: string): ReadonlyMap<number, number> =>
    valuesByTime(family.find(({ labels }) => labels[NAME]!.endsWith(name) && labels.le === undefined));
  const [sums, totals] = [part(SUM), part(COUNT)];
  const bounds = buckets.map(({ bound }) => bound);
  if (bounds.at(-1) !== Number.POSITIVE_INFINITY || bounds.some(Number.isNaN)) return [];
  const showing = family.filter(({ exemplars }) => exemplars);
  const points: HistogramPoint[] = [];
  for (const [atMs, count] of totals) {
    const cumulated = buckets.map(({ at }) => at.get(atMs) ?? Number.NaN);
    const counts = cumulated.map((value, i) => value - (cumulated[i - 1] ?? 0));
    if (!counts.every((one) => one >= 0 && Number.isInteger(one)) || cumulated.at(-1) !== count) continue;
    const { labels } = family[0]!;
    const exemplars = showing.flatMap((series) => {
      const at = series.times.indexOf(atMs);
      return at < 0 ? [] : exemplarsOf(series, at, at + 1);
    });
    points.push({ labels, atMs, count, sum: sums.get(atMs), counts, bounds: bounds.slice(0, -1), exemplars });
  }
  return points;
}

function boundOf(le: string): number {
  return le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
}

function valuesByTime(series: ExportedSeries | undefined): Map<number, number> {
  const at = new Map<number, number>();
  for (const [i, atMs] of (series?.times ?? []).entries()) at.set(atMs, series!.values[i]!);
  return at;
}

function without(series: ExportedSeries, used: ReadonlySet<number>): ExportedSeries {
  const { labels, times, values } = series;
  const keeps = (_: number, i: number): boolean => !used.has(times[i]!);
  const exemplars = [...times.keys()]
    .filter((i) => keeps(0, i))
    .flatMap((i) => exemplarsOf(series, i, i + 1));
  return { labels, times: times.filter(keeps), values: values.filter(keeps), exemplars };
}
