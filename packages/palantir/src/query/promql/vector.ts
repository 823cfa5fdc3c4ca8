/** Values of a query over all its steps at once: each series has a value, or none, at each step. So an operator is a loop over
 * arrays, and nothing is looked up step by step. */
import { GoblinError } from '@goblin/core';
import type { Labels } from '../../model.ts';

/** The moments that a query is evaluated at. */
export interface Steps {
  readonly startMs: number;
  readonly stepMs: number;
  readonly count: number;
}

export interface VectorSeries {
  readonly labels: Labels;
  /** One for each step. */
  readonly values: Float64Array;
  /** 1 where there is a value: NaN is a value too. */
  readonly present: Uint8Array;
}

export type Vector = readonly VectorSeries[];

export function timeOf({ startMs, stepMs }: Steps, step: number): number {
  return startMs + step * stepMs;
}

export function emptySeries(labels: Labels, count: number): VectorSeries {
  return { labels, values: new Float64Array(count), present: new Uint8Array(count) };
}

/** The same labels give the same text. */
export function keyOf(labels: Labels): string {
  let key = '';
  for (const name of Object.keys(labels).sort()) key += `${name}\xfe${labels[name]}\xff`;
  return key;
}

export function without(labels: Labels, names: readonly string[]): Labels {
  const rest: Record<string, string> = {};
  for (const name in labels) if (!names.includes(name)) rest[name] = labels[name]!;
  return rest;
}

export function only(labels: Labels, names: readonly string[]): Labels {
  const rest: Record<string, string> = {};
  for (const name of names) if (labels[name]) rest[name] = labels[name];
  return rest;
}

export function unnamed(labels: Labels): Labels {
  return '__name__' in labels ? without(labels, ['__name__']) : labels;
}

/** Whatever is computed is no longer the metric that it was computed from. */
export function mapValues(vector: Vector, change: (value: number, step: number) => number): Vector {
  return distinct(
    vector.map(({ labels, values, present }) => ({
      labels: unnamed(labels),
      values: values.map((value, step) => (present[step] ? change(value, step) : 0)),
      present,
    })),
  );
}

/** Series that had different names may have become one: those that share no step are joined, others are an error.
 * @throws INVALID_INPUT */
export function distinct(vector: Vector): Vector {
  const byKey = new Map<string, VectorSeries>();
  for (const series of vector) {
    const key = keyOf(series.labels);
    const other = byKey.get(key);
    byKey.set(key, other ? joined(other, series) : series);
  }
  return byKey.size === vector.length ? vector : [...byKey.values()];
}

function joined(one: VectorSeries, other: VectorSeries): VectorSeries {
  const both = emptySeries(one.labels, one.values.length);
  for (let step = 0; step < both.values.length; step++) {
    if (one.present[step] && other.present[step])
      throw new GoblinError('INVALID_INPUT', {
        message: `two series of the result have the same labels ${JSON.stringify(one.labels)}: aggregate, or keep their names apart by a label`,
      });
    both.present[step] = one.present[step]! | other.present[step]!;
    both.values[step] = one.present[step] ? one.values[step]! : other.values[step]!;
  }
  return both;
}

export function present(vector: Vector): Vector {
  return vector.filter((series) => series.present.includes(1));
}
