/** At how many moments subqueries look, known before anything is read. */
import type { Expression, Subquery } from './ast.ts';

const DEFAULT_STEP_MS = 60_000;

/** @param outerStepMs of what the subquery stands in; 0 at one moment */
export function subqueryStepMs({ stepMs }: Subquery, outerStepMs: number): number {
  return stepMs || Math.max(1, Math.min(DEFAULT_STEP_MS, outerStepMs || DEFAULT_STEP_MS));
}

/** Of the subquery that looks at the most, asked at one moment. It may be a few less, as steps stand at whole multiples of their length. */
export function mostSubquerySteps(expression: Expression, lengthMs = 0, stepMs = 0): number {
  switch (expression.type) {
    case 'subquery': {
      const ownMs = subqueryStepMs(expression, stepMs);
      const reachMs = expression.rangeMs + (expression.shift.pin === undefined ? lengthMs : 0);
      const own = Math.floor(reachMs / ownMs) + 1;
      return Math.max(own, mostSubquerySteps(expression.inner, reachMs, ownMs));
    }
    case 'aggregation':
    case 'negation':
      return mostSubquerySteps(expression.inner, lengthMs, stepMs);
    case 'binary':
      return Math.max(
        ...[expression.left, expression.right].map((side) => mostSubquerySteps(side, lengthMs, stepMs)),
      );
    case 'call':
      return Math.max(0, ...expression.args.map((arg) => mostSubquerySteps(arg, lengthMs, stepMs)));
    default:
      return 0;
  }
}
