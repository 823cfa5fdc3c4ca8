/** The value of an expression at one moment, for rules: what they select is read once however often it is asked for. */
import { GoblinError } from '@goblin/core';
import type { Labels, Matcher } from '../../model.ts';
import type { Expression } from '../../query/promql/ast.ts';
import { evaluate, isScalar } from '../../query/promql/evaluate.ts';
import { parse, typeOf } from '../../query/promql/parser.ts';
import type { SampleSeries, SelectOptions, SeriesSource } from '../../query/promql/source.ts';
import { mostSubquerySteps } from '../../query/promql/subquery-steps.ts';
import { present, unnamed } from '../../query/promql/vector.ts';

/** Of one rule, per evaluation. */
const MAX_SAMPLES = 5_000_000;
/** Of each subquery: a week by minutes has 10,081. */
const MAX_SUBQUERY_STEPS = 11_000;

export interface Value {
  /** Without the name of the metric. */
  readonly labels: Labels;
  readonly value: number;
}

/** @param field where it was written. @throws INVALID_INPUT */
export function parseVector(field: string, text: string): Expression {
  let expression: Expression;
  try {
    expression = parse(text);
  } catch (cause) {
    throw new GoblinError('INVALID_INPUT', { message: `${field}: ${(cause as Error).message}`, cause });
  }
  const type = typeOf(expression);
  if (type === 'vector') return expression;
  throw new GoblinError('INVALID_INPUT', {
    message: `${field}: it is a ${type}, and a rule needs series, such as rate(x[5m]) > 5`,
  });
}

/** That of a rule, which is evaluated often: its subqueries are bounded. @throws INVALID_INPUT */
export function parseCondition(field: string, text: string): Expression {
  const expression = parseVector(field, text);
  const steps = mostSubquerySteps(expression);
  if (steps <= MAX_SUBQUERY_STEPS) return expression;
  throw new GoblinError('INVALID_INPUT', {
    message: `${field}: a subquery has ${steps} steps, and ${MAX_SUBQUERY_STEPS} at most are allowed: make its step longer, as in [1d:1m]`,
  });
}

/** @param expression by `parseCondition`. @throws RESOURCE_EXHAUSTED, CANCELED, and what the source throws */
export async function valuesAt(
  source: SeriesSource,
  expression: Expression,
  atMs: number,
  signal: AbortSignal,
): Promise<readonly Value[]> {
  const value = await evaluate(expression, {
    ...{ source, signal, startMs: atMs, endMs: atMs, spent: { samples: 0 } },
    steps: { startMs: atMs, stepMs: 0, count: 1 },
    limits: { maxSteps: MAX_SUBQUERY_STEPS, maxSamples: MAX_SAMPLES },
  });
  if (isScalar(value)) return [];
  return present(value)
    .filter((series) => series.present[0])
    .map(({ labels, values }) => ({ labels: unnamed(labels), value: values[0]! }));
}

/** Answers the same question from memory. For one evaluation: nothing is forgotten. */
export function rememberingSource(source: SeriesSource): SeriesSource {
  const asked = new Map<string, Promise<readonly SampleSeries[]>>();
  return {
    select(matchers: readonly Matcher[], fromMs: number, toMs: number, options?: SelectOptions) {
      const key = JSON.stringify([matchers, fromMs, toMs, options?.stepMs, options?.aggregate]);
      let answer = asked.get(key);
      if (!answer) {
        answer = source.select(matchers, fromMs, toMs, options);
        asked.set(key, answer);
      }
      return answer;
    },
  };
}
