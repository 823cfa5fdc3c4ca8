/** What an expression is about, and how far it looks back. `rate(x[5m]) > 5` gives nothing while the rate is low, and nothing when there are
 * no samples: its subject, `rate(x[5m])`, tells the one from the other. */
import type { Binary, Call, Expression } from '../../query/promql/ast.ts';
import { typeOf } from '../../query/promql/parser.ts';

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '>', '<', '>=', '<=']);
/** They choose among series rather than join them. */
const CHOICES: ReadonlySet<string> = new Set(['topk', 'bottomk']);

/** The expression that has a value wherever this one is known, true or not; undefined where it always is, as with `absent(x)`. */
export function subjectOf(expression: Expression): Expression | undefined {
  switch (expression.type) {
    case 'binary':
      return binary(expression);
    case 'aggregation': {
      const inner = subjectOf(expression.inner);
      return inner && (CHOICES.has(expression.op) ? inner : { ...expression, inner });
    }
    case 'call':
      return call(expression);
    case 'negation':
      return subjectOf(expression.inner);
    default:
      return expression;
  }
}

function binary(expression: Binary): Expression | undefined {
  const { op, left, right, bool, matching } = expression;
  if (op === 'and' || op === 'unless') return subjectOf(left);
  if (COMPARISONS.has(op) && !bool) {
    if (typeOf(left) === 'scalar' || matching.many === 'right') return subjectOf(right);
    return subjectOf(left);
  }
  const sides = [left, right].map((side) => (typeOf(side) === 'vector' ? subjectOf(side) : side));
  if (!sides[0] || !sides[1]) return undefined;
  return { ...expression, left: sides[0], right: sides[1] };
}

function call(expression: Call): Expression | undefined {
  if (expression.name.startsWith('absent')) return undefined;
  const args = expression.args.map((arg) => (typeOf(arg) === 'vector' ? subjectOf(arg) : arg));
  return args.every((arg) => arg !== undefined) ? { ...expression, args } : undefined;
}

/** Of its ranges, the one that goes back furthest, in milliseconds. */
export function reachOf(expression: Expression): number {
  switch (expression.type) {
    case 'selector':
      return (expression.rangeMs ?? 0) + Math.max(0, expression.shift.offsetMs);
    case 'subquery':
      return expression.rangeMs + Math.max(0, expression.shift.offsetMs) + reachOf(expression.inner);
    case 'aggregation':
    case 'negation':
      return reachOf(expression.inner);
    case 'binary':
      return Math.max(reachOf(expression.left), reachOf(expression.right));
    case 'call':
      return Math.max(0, ...expression.args.map(reachOf));
    default:
      return 0;
  }
}
