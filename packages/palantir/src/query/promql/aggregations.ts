/** Aggregations over series: `sum by (service) (…)`. */
import type { Aggregation, Grouping } from './ast.ts';
import { quantileOf } from './range-functions.ts';
import { emptySeries, keyOf, only, type Vector, type VectorSeries, without } from './vector.ts';

/** A value of the group's values at one step, of which there is at least one. */
type Summary = (values: Float64Array, parameter: number) => number;

function sum(values: Float64Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}

const mean = (values: Float64Array): number => sum(values) / values.length;
const variance = (values: Float64Array): number => {
  const average = mean(values);
  return values.reduce((sum, value) => sum + (value - average) ** 2, 0) / values.length;
};

const SUMMARIES: Readonly<Record<string, Summary>> = {
  sum,
  avg: mean,
  min: (values) => values.reduce((least, value) => (value < least || Number.isNaN(least) ? value : least)),
  max: (values) => values.reduce((most, value) => (value > most || Number.isNaN(most) ? value : most)),
  count: (values) => values.length,
  group: () => 1,
  stdvar: variance,
  stddev: (values) => Math.sqrt(variance(values)),
  quantile: (values, q) => quantileOf(q, values),
};

export function aggregate(
  { op, grouping }: Aggregation,
  vector: Vector,
  parameter: Float64Array | undefined,
  count: number,
): Vector {
  const groups = groupsOf(vector, grouping);
  if (op === 'topk' || op === 'bottomk')
    return [...groups.values()].flatMap(({ members }) => extremes(members, parameter!, op === 'topk'));
  const summary = SUMMARIES[op]!;
  return [...groups.values()].map(({ labels, members }) => {
    const result = emptySeries(labels, count);
    const values = new Float64Array(members.length);
    for (let step = 0; step < count; step++) {
      let size = 0;
      for (const series of members) if (series.present[step]) values[size++] = series.values[step]!;
      if (size === 0) continue;
      result.present[step] = 1;
      result.values[step] = summary(values.subarray(0, size), parameter?.[step] ?? 0);
    }
    return result;
  });
}

/** `count_values("version", build_info)`: how many series have each value, which becomes a label. */
export function countValues({ grouping }: Aggregation, vector: Vector, label: string, count: number): Vector {
  const results = new Map<string, VectorSeries>();
  for (const { labels, members } of groupsOf(vector, grouping).values())
    for (const series of members)
      for (let step = 0; step < count; step++) {
        if (!series.present[step]) continue;
        const found = { ...labels, [label]: formatFloat(series.values[step]!) };
        const key = keyOf(found);
        const result = results.get(key) ?? emptySeries(found, count);
        results.set(key, result);
        result.present[step] = 1;
        result.values[step]!++;
      }
  return [...results.values()];
}

interface Group {
  readonly labels: VectorSeries['labels'];
  readonly members: VectorSeries[];
}

function groupsOf(vector: Vector, { by, labels: names }: Grouping): Map<string, Group> {
  const groups = new Map<string, Group>();
  const ignored = ['__name__', ...names];
  for (const series of vector) {
    const labels = by ? only(series.labels, names) : without(series.labels, ignored);
    const key = keyOf(labels);
    const group = groups.get(key);
    if (group) group.members.push(series);
    else groups.set(key, { labels, members: [series] });
  }
  return groups;
}

/** The series themselves, each at the steps where it is among the k largest or smallest. */
function extremes(members: readonly VectorSeries[], k: Float64Array, largest: boolean): Vector {
  const results = members.map((series) => ({ ...series, present: new Uint8Array(series.present.length) }));
  for (let step = 0; step < k.length; step++) {
    const ranked = members.flatMap((series, i) => (series.present[step] ? [i] : []));
    const at = (i: number): number => members[i]!.values[step]!;
    ranked.sort((a, b) => {
      const [x, y] = [at(a), at(b)];
      if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
      return largest ? y - x : x - y;
    });
    for (const i of ranked.slice(0, Math.max(0, Math.trunc(k[step]!) || 0))) results[i]!.present[step] = 1;
  }
  return results;
}

/** As Go prints it. */
export function formatFloat(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return Object.is(value, -0) ? '-0' : String(value);
}
