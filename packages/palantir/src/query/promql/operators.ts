/** Operators between two numbers, two vectors, or one of each. */
import { GoblinError } from '@goblin/core';
import type { Binary, Matching } from './ast.ts';
import {
  distinct,
  emptySeries,
  keyOf,
  only,
  unnamed,
  type Vector,
  type VectorSeries,
  without,
} from './vector.ts';

type Operator = (left: number, right: number) => number;

const ARITHMETIC: Readonly<Record<string, Operator>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
  '^': (left, right) => left ** right,
  atan2: Math.atan2,
};

const COMPARISON: Readonly<Record<string, (left: number, right: number) => boolean>> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '<': (left, right) => left < right,
  '>': (left, right) => left > right,
  '<=': (left, right) => left <= right,
  '>=': (left, right) => left >= right,
};

export function scalars(op: string, left: Float64Array, right: Float64Array): Float64Array {
  const compare = COMPARISON[op];
  const combine = ARITHMETIC[op] ?? ((a: number, b: number) => Number(compare!(a, b)));
  return left.map((value, step) => combine(value, right[step]!));
}

/** @param isLeft the vector stands on the left. A comparison without bool keeps what it is true for. */
export function vectorAndScalar(
  { op, bool }: Binary,
  vector: Vector,
  scalar: Float64Array,
  isLeft: boolean,
): Vector {
  const compare = COMPARISON[op];
  const combined = vector.map((series) => {
    const keepsName = compare && !bool;
    const result = emptySeries(keepsName ? series.labels : unnamed(series.labels), scalar.length);
    for (let step = 0; step < scalar.length; step++) {
      if (!series.present[step]) continue;
      const value = series.values[step]!;
      const [left, right] = isLeft ? [value, scalar[step]!] : [scalar[step]!, value];
      const isTrue = compare?.(left, right);
      if (isTrue === false && !bool) continue;
      result.present[step] = 1;
      result.values[step] =
        isTrue === undefined ? ARITHMETIC[op]!(left, right) : bool ? Number(isTrue) : value;
    }
    return result;
  });
  return distinct(combined);
}

function signature({ on, labels }: Matching): (series: VectorSeries) => string {
  const ignored = ['__name__', ...labels];
  return (series) => keyOf(on ? only(series.labels, labels) : without(series.labels, ignored));
}

/** `and`, `or` and `unless` */
export function sets({ op, matching }: Binary, left: Vector, right: Vector, count: number): Vector {
  const keyed = signature(matching);
  const has = (vector: Vector): Map<string, Uint8Array> => {
    const steps = new Map<string, Uint8Array>();
    for (const series of vector) {
      const key = keyed(series);
      const seen = steps.get(key) ?? new Uint8Array(count);
      steps.set(key, seen);
      for (let step = 0; step < count; step++) seen[step]! |= series.present[step]!;
    }
    return steps;
  };
  const keep = (vector: Vector, others: Map<string, Uint8Array>, wanted: 0 | 1): Vector =>
    vector.map((series) => {
      const other = others.get(keyed(series));
      const present = series.present.map((is, step) => (is && (other?.[step] ?? 0) === wanted ? 1 : 0));
      return { ...series, present };
    });
  if (op === 'or') return distinct([...left, ...keep(right, has(left), 0)]);
  return keep(left, has(right), op === 'and' ? 1 : 0);
}

/** @throws INVALID_INPUT where several elements match one and it is not said which side has many */
export function vectors(expression: Binary, left: Vector, right: Vector, count: number): Vector {
  const { op, bool, matching } = expression;
  const keyed = signature(matching);
  const ones = matching.many === 'right' ? left : right;
  const manies = matching.many === 'right' ? right : left;
  const compare = COMPARISON[op];
  const keepsName = compare !== undefined && !bool;
  const byKey = new Map<string, VectorSeries[]>();
  for (const series of ones) {
    const key = keyed(series);
    byKey.set(key, [...(byKey.get(key) ?? []), series]);
  }
  /** Of one to one: which keys have their element, by step. */
  const taken = new Map<string, Uint8Array>();
  const results: VectorSeries[] = [];
  for (const many of manies) {
    const key = keyed(many);
    const partners = byKey.get(key) ?? [];
    const used = taken.get(key) ?? new Uint8Array(count);
    taken.set(key, used);
    for (const one of partners) {
      const result = emptySeries(resultLabels(many, one, matching, keepsName), count);
      for (let step = 0; step < count; step++) {
        if (!many.present[step] || !one.present[step]) continue;
        if (partners.length > 1 && partners.some((other) => other !== one && other.present[step]))
          ambiguous(one, matching);
        if (!matching.many && used[step]) ambiguous(many, matching);
        used[step] = 1;
        const [a, b] = ones === right ? [many, one] : [one, many];
        const [x, y] = [a.values[step]!, b.values[step]!];
        const isTrue = compare?.(x, y);
        if (isTrue === false && !bool) continue;
        result.present[step] = 1;
        result.values[step] = isTrue === undefined ? ARITHMETIC[op]!(x, y) : bool ? Number(isTrue) : x;
      }
      results.push(result);
    }
  }
  return distinct(results);
}

function resultLabels(
  many: VectorSeries,
  one: VectorSeries,
  { on, labels, many: side, include }: Matching,
  keepsName: boolean,
): VectorSeries['labels'] {
  const base = keepsName ? many.labels : unnamed(many.labels);
  if (!side) return on ? only(base, labels) : without(base, labels);
  const result: Record<string, string> = { ...base };
  for (const label of include) {
    if (one.labels[label]) result[label] = one.labels[label];
    else delete result[label];
  }
  return result;
}

function ambiguous({ labels }: VectorSeries, { many }: Matching): never {
  throw new GoblinError('INVALID_INPUT', {
    message: `several series match ${JSON.stringify(labels)} ${many ? 'on the side of the one' : ': say by group_left or group_right which side has many, or match on more labels'}`,
  });
}
