/** Which labels the series of an expression have, where the expression itself says so: `sum by (service) (…)` has one. */
import type { Binary, Call, Expression } from '../../query/promql/ast.ts';
import { SETS, typeOf } from '../../query/promql/parser.ts';

/** Arguments of functions that write labels, and of those that have none to pass on. */
const WRITES_LABELS: ReadonlySet<string> = new Set([
  'label_replace',
  'label_join',
  'absent',
  'absent_over_time',
  'vector',
]);
/** They choose among series, and leave the labels alone. */
const CHOICES: ReadonlySet<string> = new Set(['topk', 'bottomk']);

/** Undefined where they depend on the data. */
export function knownLabels(expression: Expression): ReadonlySet<string> | undefined {
  switch (expression.type) {
    case 'aggregation': {
      const { op, grouping, inner, parameter } = expression;
      if (CHOICES.has(op)) return knownLabels(inner);
      const named = parameter?.type === 'string' ? [parameter.value] : [];
      if (grouping.by) return new Set([...grouping.labels, ...named]);
      const left = knownLabels(inner);
      return left && new Set([...left, ...named].filter((label) => !grouping.labels.includes(label)));
    }
    case 'binary':
      return binary(expression);
    case 'call':
      return call(expression);
    case 'negation':
      return knownLabels(expression.inner);
    default:
      return undefined;
  }
}

function binary({ op, left, right, bool, matching }: Binary): ReadonlySet<string> | undefined {
  if (typeOf(left) !== 'vector') return knownLabels(right);
  if (typeOf(right) !== 'vector') return knownLabels(left);
  const sides = [knownLabels(left), knownLabels(right)];
  if (op === 'or') return sides[0] && sides[1] && new Set([...sides[0], ...sides[1]]);
  if (SETS.has(op)) return sides[0];
  if (matching.many !== undefined || bool) return undefined;
  if (matching.on) return new Set(matching.labels);
  return sides[0] && new Set([...sides[0]].filter((label) => !matching.labels.includes(label)));
}

function call({ name, args }: Call): ReadonlySet<string> | undefined {
  if (WRITES_LABELS.has(name)) return undefined;
  const vector = args.find((arg) => typeOf(arg) === 'vector');
  const labels = vector && knownLabels(vector);
  if (name !== 'histogram_quantile') return labels;
  return labels && new Set([...labels].filter((label) => label !== 'le'));
}
