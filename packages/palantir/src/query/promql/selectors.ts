/** The selectors in an expression: which series it reads. */
import type { Expression, Selector } from './ast.ts';

export function selectorsOf(expression: Expression): Selector[] {
  switch (expression.type) {
    case 'selector':
      return [expression];
    case 'subquery':
    case 'negation':
      return selectorsOf(expression.inner);
    case 'aggregation':
      return [expression.parameter, expression.inner].flatMap((inner) => (inner ? selectorsOf(inner) : []));
    case 'binary':
      return [...selectorsOf(expression.left), ...selectorsOf(expression.right)];
    case 'call':
      return expression.args.flatMap(selectorsOf);
    default:
      return [];
  }
}
