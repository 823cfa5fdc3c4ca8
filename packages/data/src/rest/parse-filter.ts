/** Reads what is asked of rows: `gte.100`, `not.in.(a,"b,c")`, `like(any).{a*,b*}`, `(a.eq.1,and(b.gt.2,c.is.null))`. */
import { MAX_DEPTH } from './bounds.ts';
import { COMPARISONS, type Comparison, type Condition, type Field, type Test, type Truth } from './query.ts';
import { notUnderstood } from './rest-error.ts';
import type { Scanner } from './scanner.ts';

const OPERATORS: ReadonlySet<string> = new Set(COMPARISONS);
const TRUTHS: ReadonlySet<string> = new Set(['null', 'not_null', 'true', 'false', 'unknown']);
/** Ends a value inside of `and` and `or`. */
const VALUE_ENDS = ',()';

/** The filter of one parameter: `amount=not.gte.100`. Its value is all the rest. */
export function parseFilter(field: Field, scanner: Scanner): Condition {
  const condition = filter(field, scanner, () => scanner.rest());
  scanner.expectEnd();
  return condition;
}

/** The conditions of `or=(a.eq.1,b.is.null)`. */
export function parseLogic(kind: 'and' | 'or', negated: boolean, scanner: Scanner): Condition {
  const condition = logic(kind, negated, scanner, 0);
  scanner.expectEnd();
  return condition;
}

function logic(kind: 'and' | 'or', negated: boolean, scanner: Scanner, depth: number): Condition {
  if (depth > MAX_DEPTH) throw notUnderstood(`conditions stand more than ${MAX_DEPTH} deep in each other`);
  scanner.expect('(');
  const conditions = scanner.list(() => logicItem(scanner, depth));
  scanner.expect(')');
  return { kind, negated, conditions };
}

function logicItem(scanner: Scanner, depth: number): Condition {
  for (const [opening, kind, negated] of LOGIC) {
    const start = scanner.at;
    if (!scanner.take(opening)) continue;
    if (scanner.next === '(') return logic(kind, negated, scanner, depth + 1);
    // A column whose name begins like this.
    scanner.at = start;
  }
  const field = scanner.field();
  scanner.expect('.');
  return filter(field, scanner, () => logicValue(scanner));
}

const LOGIC = [
  ['and', 'and', false],
  ['or', 'or', false],
  ['not.and', 'and', true],
  ['not.or', 'or', true],
] as const;

/** A quoted text, an array in braces, or what stands before the next comma or bracket. */
function logicValue(scanner: Scanner): string {
  const quoted = scanner.quoted();
  if (quoted !== undefined) return quoted;
  if (scanner.next !== '{') return scanner.until(VALUE_ENDS);
  const array = scanner.until('}');
  scanner.expect('}');
  return `${array}}`;
}

function filter(field: Field, scanner: Scanner, value: () => string): Condition {
  const negated = scanner.take('not.');
  return { kind: 'test', field, negated, test: test(scanner, value) };
}

function test(scanner: Scanner, value: () => string): Test {
  const word = scanner.until('.(,)');
  const modifier = scanner.take('(') ? closed(scanner) : undefined;
  if (word === 'in' && modifier === undefined) {
    scanner.expect('.');
    return { kind: 'in', values: members(scanner) };
  }
  if (word === 'is' && modifier === undefined) {
    scanner.expect('.');
    return { kind: 'is', truth: truth(scanner) };
  }
  if (!OPERATORS.has(word))
    throw notUnderstood(
      `there is no operator ${JSON.stringify(word)}`,
      `operators: ${COMPARISONS.join(', ')}, in, is`,
    );
  scanner.expect('.');
  return { kind: 'compare', operator: word as Comparison, modifier, value: value() };
}

function closed(scanner: Scanner): string {
  const modifier = scanner.until(')');
  scanner.expect(')');
  return modifier;
}

function members(scanner: Scanner): string[] {
  scanner.expect('(');
  if (scanner.take(')')) return [];
  const values = scanner.list(() => {
    scanner.budget.spend();
    return scanner.quoted() ?? scanner.until(',)');
  });
  scanner.expect(')');
  return values;
}

function truth(scanner: Scanner): Truth {
  const word = scanner.until(',)').toLowerCase();
  if (!TRUTHS.has(word)) throw scanner.refusal([...TRUTHS].join(', '));
  return word as Truth;
}
