/** The share of what was bad, as an objective's PromQL says it, over any window.
 *
 * A service that has never failed has no series of failures, and PromQL gives no quotient for it. Nothing failed then, and that is known:
 * who is in the denominator of a plain `failed / all`, with something in it, and not in the quotient has a share of 0. */

import { parseVector } from '../alerts/conditions/instant.ts';
import type { Labels } from '../model.ts';
import type { Binary, Expression } from '../query/promql/ast.ts';
import { evaluate, isScalar } from '../query/promql/evaluate.ts';
import { typeOf } from '../query/promql/parser.ts';
import type { SeriesSource } from '../query/promql/source.ts';
import { present, type Steps, unnamed } from '../query/promql/vector.ts';

/** Of one question, read and computed. */
const MAX_SAMPLES = 10_000_000;
/** Of subqueries too. */
const MAX_STEPS = 50_000;
const WINDOW = /\$window\b/g;

export interface Share {
  /** Without the name of the metric. */
  readonly labels: Labels;
  /** From 0 to 1, one for each step; null where nothing is known. */
  readonly values: readonly (number | null)[];
}

/** @throws INVALID_INPUT */
export function errorShareOver(errorShare: string, window: string): Expression {
  const share = parseVector('errorShare', errorShare.replaceAll(WINDOW, window));
  return isQuotient(share) ? orNothingFailed(share) : share;
}

/** @throws RESOURCE_EXHAUSTED, and what the source throws */
export async function sharesAt(
  source: SeriesSource,
  share: Expression,
  steps: Steps,
  signal: AbortSignal,
): Promise<readonly Share[]> {
  const endMs = steps.startMs + (steps.count - 1) * steps.stepMs;
  const value = await evaluate(share, {
    ...{ source, signal, steps, startMs: steps.startMs, endMs, spent: { samples: 0 } },
    limits: { maxSteps: MAX_STEPS, maxSamples: MAX_SAMPLES },
  });
  if (isScalar(value)) return [];
  return present(value).map((series) => ({
    labels: unnamed(series.labels),
    values: Array.from(series.values, (one, step) => (series.present[step] ? shareOf(one) : null)),
  }));
}

/** Rates are extrapolated to the ends of their windows, which can lead a little beyond. 0/0, nothing of nothing, says nothing. */
function shareOf(value: number): number | null {
  return Number.isNaN(value) ? null : Math.min(1, Math.max(0, value));
}

function isQuotient(expression: Expression): expression is Binary {
  if (expression.type !== 'binary' || expression.op !== '/') return false;
  const { left, right, matching } = expression;
  const isPlain = !matching.on && matching.labels.length === 0 && matching.many === undefined;
  return isPlain && typeOf(left) === 'vector' && typeOf(right) === 'vector';
}

/** `quotient or 0 * (all > 0)` */
function orNothingFailed(quotient: Binary): Expression {
  const binary = (op: string, left: Expression, right: Expression): Binary => ({
    ...{ type: 'binary', op, left, right, bool: false },
    matching: { on: false, labels: [], include: [] },
  });
  const nothing: Expression = { type: 'number', value: 0 };
  return binary('or', quotient, binary('*', nothing, binary('>', quotient.right, nothing)));
}
