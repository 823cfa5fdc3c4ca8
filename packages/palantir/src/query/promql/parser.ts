/** Reads a query by precedence climbing, and checks that everything in it has the type that its place needs. */
import { closest } from '@goblin/core';
import type { Matcher } from '../../model.ts';
import type { Expression, Grouping, Matching, Selector, TimeShift, ValueType } from './ast.ts';
import { type Token, tokensOf, unquoted } from './lexer.ts';
import { compileMatcher } from './matching.ts';
import { AGGREGATIONS, SIGNATURES } from './signatures.ts';
import { syntaxError } from './syntax-error.ts';

/** Nesting, so that no query exhausts the stack. */
const MAX_DEPTH = 100;
const PRECEDENCE: Readonly<Record<string, number>> = {
  ...{ or: 1, and: 2, unless: 2, '==': 3, '!=': 3, '<': 3, '>': 3, '<=': 3, '>=': 3 },
  ...{ '+': 4, '-': 4, '*': 5, '/': 5, '%': 5, atan2: 5, '^': 6 },
};
const UNARY_PRECEDENCE = 5;
const COMPARISONS = new Set(['==', '!=', '<', '>', '<=', '>=']);
export const SETS: ReadonlySet<string> = new Set(['and', 'or', 'unless']);
const MATCHING = new Set(['=', '!=', '=~', '!~']);

/** @throws INVALID_INPUT that names line and column */
export function parse(query: string): Expression {
  return new Parser(query).whole();
}

/** `{service="tax"}` alone, as in `match[]` of the HTTP interface. @throws INVALID_INPUT */
export function parseSelector(query: string): Selector {
  const expression = parse(query);
  if (expression.type === 'selector' && expression.rangeMs === undefined) return expression;
  throw syntaxError(query, 0, 'a selector such as up{job="tax"} is expected');
}

export function typeOf(expression: Expression): ValueType {
  switch (expression.type) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'negation':
      return typeOf(expression.inner);
    case 'selector':
      return expression.rangeMs === undefined ? 'vector' : 'matrix';
    case 'subquery':
      return 'matrix';
    case 'aggregation':
      return 'vector';
    case 'call':
      return SIGNATURES[expression.name]!.returns;
    case 'binary':
      return typeOf(expression.left) === 'scalar' && typeOf(expression.right) === 'scalar'
        ? 'scalar'
        : 'vector';
  }
}

class Parser {
  readonly #query: string;
  readonly #tokens: Token[];
  #next = 0;
  #depth = 0;

  constructor(query: string) {
    this.#query = query;
    this.#tokens = tokensOf(query);
  }

  whole(): Expression {
    if (this.#isAtEnd()) this.#fail('it is empty');
    const expression = this.#expression(0);
    if (!this.#isAtEnd()) this.#unexpected('an operator or the end');
    return expression;
  }

  get #token(): Token {
    return this.#tokens[this.#next]!;
  }

  #isAtEnd(): boolean {
    return this.#token.kind === 'end';
  }

  #fail(problem: string, at = this.#token.at): never {
    throw syntaxError(this.#query, at, problem);
  }

  #unexpected(wanted: string): never {
    const { kind, text } = this.#token;
    return this.#fail(`${wanted} is expected, ${kind === 'end' ? 'and the query ends' : `not ${text}`}`);
  }

  #is(text: string): boolean {
    const { kind } = this.#token;
    return (kind === 'symbol' || kind === 'name') && this.#token.text.toLowerCase() === text;
  }

  #takes(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#next++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#takes(text)) this.#unexpected(text);
  }

  #take(kind: Token['kind'], wanted: string): Token {
    if (this.#token.kind !== kind) this.#unexpected(wanted);
    return this.#tokens[this.#next++]!;
  }

  #expression(atLeast: number): Expression {
    if (++this.#depth > MAX_DEPTH) this.#fail(`it is nested deeper than ${MAX_DEPTH}`);
    let left = this.#unary();
    for (;;) {
      const { at } = this.#token;
      const op =
        this.#token.kind === 'symbol' || this.#token.kind === 'name' ? this.#token.text.toLowerCase() : '';
      const precedence = PRECEDENCE[op];
      if (precedence === undefined || precedence < atLeast) break;
      this.#next++;
      left = this.#binary(left, op, precedence, at);
    }
    this.#depth--;
    return left;
  }

  #binary(left: Expression, op: string, precedence: number, at: number): Expression {
    const bool = this.#takes('bool');
    if (bool && !COMPARISONS.has(op)) this.#fail('bool is for comparisons only', at);
    const matching = this.#matching(op);
    // A power binds to the right, everything else to the left.
    const right = this.#expression(op === '^' ? precedence : precedence + 1);
    const types = [typeOf(left), typeOf(right)];
    for (const type of types)
      if (type !== 'scalar' && type !== 'vector')
        this.#fail(`${op} takes scalars and vectors, no ${type}`, at);
    const areVectors = types.every((type) => type === 'vector');
    if (SETS.has(op) && !areVectors) this.#fail(`${op} takes two vectors`, at);
    if (COMPARISONS.has(op) && !bool && !types.includes('vector'))
      this.#fail('scalars are compared with bool: 1 == bool 1', at);
    if (matching.given && !areVectors) this.#fail('on and ignoring are for two vectors', at);
    return { type: 'binary', op, left, right, bool, matching: matching.matching };
  }

  #matching(op: string): { matching: Matching; given: boolean } {
    const on = this.#is('on');
    if (!on && !this.#is('ignoring'))
      return { matching: { on: false, labels: [], include: [] }, given: false };
    this.#next++;
    const labels = this.#labels();
    const many = this.#takes('group_left') ? 'left' : this.#takes('group_right') ? 'right' : undefined;
    if (many === undefined) return { matching: { on, labels, include: [] }, given: true };
    if (SETS.has(op)) this.#fail(`${op} takes no group_left or group_right`);
    const include = this.#is('(') ? this.#labels() : [];
    const both = on && include.find((label) => labels.includes(label));
    if (both) this.#fail(`the label ${both} stands in on and in group_${many}`);
    return { matching: { on, labels, many, include }, given: true };
  }

  #unary(): Expression {
    const { at } = this.#token;
    const isNegative = this.#is('-');
    if (!isNegative && !this.#is('+')) return this.#postfix(this.#primary());
    this.#next++;
    const inner = this.#expression(UNARY_PRECEDENCE + 1);
    const type = typeOf(inner);
    if (type !== 'scalar' && type !== 'vector')
      this.#fail(`there is no ${isNegative ? '-' : '+'} of a ${type}`, at);
    return isNegative ? { type: 'negation', inner } : inner;
  }

  #primary(): Expression {
    const token = this.#token;
    switch (token.kind) {
      case 'number':
        this.#next++;
        return { type: 'number', value: token.value };
      case 'string':
        this.#next++;
        return { type: 'string', value: unquoted(this.#query, token) };
      case 'name':
        return this.#named();
      case 'symbol':
        if (this.#takes('(')) {
          const inner = this.#expression(0);
          this.#expect(')');
          return inner;
        }
        if (this.#is('{')) return this.#selector(undefined);
    }
    return this.#unexpected('a metric, a function or a number');
  }

  #named(): Expression {
    const token = this.#token;
    const name = token.text;
    const lower = name.toLowerCase();
    this.#next++;
    if (lower === 'inf' || lower === 'nan')
      return { type: 'number', value: lower === 'inf' ? Number.POSITIVE_INFINITY : Number.NaN };
    if (AGGREGATIONS.has(lower) && (this.#is('(') || this.#is('by') || this.#is('without')))
      return this.#aggregation(lower, token.at);
    if (this.#is('(')) return this.#call(name, token.at);
    return this.#selector(name);
  }

  #call(name: string, at: number): Expression {
    const signature = SIGNATURES[name];
    if (!signature) {
      const guess = closest(name, [...Object.keys(SIGNATURES), ...AGGREGATIONS]);
      this.#fail(`there is no function ${name}${guess ? `: is ${guess} meant?` : ''}`, at);
    }
    const args = this.#arguments();
    const { takes, optional = 0 } = signature;
    const atMost = signature.variadic ? Number.POSITIVE_INFINITY : takes.length;
    if (args.length < takes.length - optional || args.length > atMost)
      this.#fail(`${name} takes ${takes.join(', ') || 'nothing'}, and ${args.length} are given`, at);
    for (const [i, arg] of args.entries())
      this.#check(arg, takes[Math.min(i, takes.length - 1)]!, `the ${ordinal(i)} argument of ${name}`, at);
    return { type: 'call', name, args, at };
  }

  #arguments(): Expression[] {
    this.#expect('(');
    const args: Expression[] = [];
    while (!this.#takes(')')) {
      if (args.length > 0) this.#expect(',');
      args.push(this.#expression(0));
    }
    return args;
  }

  #check(expression: Expression, wanted: ValueType, what: string, at: number): void {
    const type = typeOf(expression);
    if (type === wanted) return;
    const hint = wanted === 'matrix' && type === 'vector' ? ', such as x[5m]' : '';
    this.#fail(`${what} has to be a ${wanted}${hint}, and it is a ${type}`, at);
  }

  #aggregation(op: string, at: number): Expression {
    let grouping = this.#grouping();
    const args = this.#arguments();
    grouping ??= this.#grouping();
    const parameterType = AGGREGATIONS_WITH_PARAMETER[op];
    if (args.length !== (parameterType ? 2 : 1))
      this.#fail(`${op} takes ${parameterType ? `a ${parameterType} and a vector` : 'one vector'}`, at);
    const inner = args.at(-1)!;
    this.#check(inner, 'vector', `what ${op} takes`, at);
    if (parameterType) this.#check(args[0]!, parameterType, `the parameter of ${op}`, at);
    return {
      type: 'aggregation',
      op,
      inner,
      parameter: parameterType && args[0],
      grouping: grouping ?? { by: true, labels: [] },
    };
  }

  #grouping(): Grouping | undefined {
    const by = this.#takes('by');
    if (!by && !this.#takes('without')) return undefined;
    return { by, labels: this.#labels() };
  }

  #labels(): string[] {
    this.#expect('(');
    const labels: string[] = [];
    while (!this.#takes(')')) {
      if (labels.length > 0) this.#expect(',');
      if (this.#takes(')')) break;
      labels.push(this.#take('name', 'the name of a label').text);
    }
    return labels;
  }

  #selector(name: string | undefined): Selector {
    const { at } = this.#token;
    const matchers: Matcher[] = name === undefined ? [] : [{ label: '__name__', op: '=', value: name }];
    if (this.#takes('{')) {
      while (!this.#takes('}')) {
        if (matchers.length > (name === undefined ? 0 : 1)) this.#expect(',');
        if (this.#takes('}')) break;
        matchers.push(this.#matcher());
      }
    }
    if (matchers.every((matcher) => compileMatcher(matcher)('')))
      this.#fail('everything is asked for: give a name, or a matcher that does not match the empty text', at);
    return { type: 'selector', matchers, shift: { offsetMs: 0 } };
  }

  #matcher(): Matcher {
    const label = this.#take('name', 'the name of a label').text;
    const op = this.#token.text as Matcher['op'];
    if (!MATCHING.has(op)) this.#unexpected('=, !=, =~ or !~');
    this.#next++;
    const token = this.#take('string', 'a text in quotes');
    const matcher = { label, op, value: unquoted(this.#query, token) };
    try {
      compileMatcher(matcher);
    } catch {
      this.#fail(`${token.text} is no regular expression`, token.at);
    }
    return matcher;
  }

  /** `[5m]`, `[1h:1m]`, `offset 5m`, `@ 1600000000` */
  #postfix(given: Expression): Expression {
    let expression = given;
    for (;;) {
      const { at } = this.#token;
      if (this.#takes('[')) expression = this.#ranged(expression, at);
      else if (this.#takes('offset')) {
        const sign = this.#takes('-') ? -1 : 1;
        const offsetMs = sign * this.#durationMs();
        expression = this.#shifted(expression, (shift) => ({ ...shift, offsetMs }), at);
      } else if (this.#takes('@')) {
        const pin = this.#pin();
        expression = this.#shifted(expression, (shift) => ({ ...shift, pin }), at);
      } else return expression;
    }
  }

  #ranged(inner: Expression, at: number): Expression {
    const rangeMs = this.#durationMs();
    if (rangeMs === 0) this.#fail('a range has to be longer than 0', at);
    if (this.#takes(']')) {
      if (inner.type === 'selector' && inner.rangeMs === undefined) return { ...inner, rangeMs };
      this.#fail('a range follows a selector; of anything else give a step too: [5m:1m]', at);
    }
    this.#expect(':');
    const stepMs = this.#is(']') ? undefined : this.#durationMs();
    this.#expect(']');
    this.#check(inner, 'vector', 'what is evaluated again and again', at);
    return { type: 'subquery', inner, rangeMs, stepMs, shift: { offsetMs: 0 } };
  }

  #durationMs(): number {
    return (this.#take('duration', 'a duration such as 5m') as { value: number }).value;
  }

  #pin(): number | 'start' | 'end' {
    for (const end of ['start', 'end'] as const)
      if (this.#takes(end)) {
        this.#expect('(');
        this.#expect(')');
        return end;
      }
    const sign = this.#takes('-') ? -1 : 1;
    return sign * (this.#take('number', 'a time in seconds') as { value: number }).value * 1_000;
  }

  #shifted(expression: Expression, change: (shift: TimeShift) => TimeShift, at: number): Expression {
    if (expression.type === 'selector' || expression.type === 'subquery')
      return { ...expression, shift: change(expression.shift) };
    return this.#fail('offset and @ follow a selector or a subquery', at);
  }
}

const AGGREGATIONS_WITH_PARAMETER: Readonly<Record<string, ValueType>> = {
  ...{ topk: 'scalar', bottomk: 'scalar', quantile: 'scalar', count_values: 'string' },
};

function ordinal(index: number): string {
  return ['first', 'second', 'third', 'fourth', 'fifth'][index] ?? `${index + 1}th`;
}
