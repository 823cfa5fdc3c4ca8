/** A field beside a value. A text is compared as it is, and a regular expression has to match all of it. With a number or a duration
 * the field is compared where it is one too, and where it is none nothing holds, not even `!=`. */
import { compilePattern } from '../store/matching.ts';
import type { TokenReader } from './token-reader.ts';
import { durationMsOf } from './tokens.ts';

export type Operator = '=' | '!=' | '=~' | '!~' | '>' | '>=' | '<' | '<=';

export type Operand =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'duration'; readonly ms: number };

export interface Comparison {
  readonly field: string;
  readonly op: Operator;
  readonly operand: Operand;
}

export const MAX_PATTERN_LENGTH = 1_000;
const OPERATORS: ReadonlySet<string> = new Set(['=', '!=', '=~', '!~', '>', '>=', '<', '<=']);
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** What follows the name of the field. */
export function readComparison(reader: TokenReader, field: string): Comparison {
  const { at } = reader.token;
  const op = readOperator(reader);
  const operand = readOperand(reader);
  const isPattern = op === '=~' || op === '!~';
  if (isPattern && operand.kind !== 'text') reader.fail(`${op} takes a regular expression in quotes`, at);
  if (!isPattern && op !== '=' && op !== '!=' && operand.kind === 'text')
    reader.fail(`${op} compares with a number or a duration such as 200ms, not with a text`, at);
  if (isPattern) checkPattern(reader, (operand as { text: string }).text, at);
  return { field, op, operand };
}

/** @throws INVALID_INPUT with the place where it is no regular expression */
export function checkPattern(reader: TokenReader, pattern: string, at: number): void {
  if (pattern.length > MAX_PATTERN_LENGTH)
    reader.fail(`a regular expression has at most ${MAX_PATTERN_LENGTH} characters`, at);
  try {
    compilePattern(pattern, 'whole');
  } catch (error) {
    reader.fail((error as Error).message, at);
  }
}

function readOperator(reader: TokenReader): Operator {
  const { kind, text } = reader.token;
  const op = text === '==' ? '=' : text;
  if (kind !== 'symbol' || !OPERATORS.has(op)) reader.unexpected('=, !=, =~, !~, >, >=, < or <=');
  reader.take('symbol', 'an operator');
  return op as Operator;
}

function readOperand(reader: TokenReader): Operand {
  const { kind, value, text } = reader.token;
  if (kind === 'string') return { kind: 'text', text: reader.takeText() };
  if (kind === 'number' || kind === 'duration') {
    reader.take(kind, kind);
    return kind === 'number' ? { kind, value } : { kind, ms: value };
  }
  // Words that languages leave without quotes: true, false, error, server.
  if (kind === 'name') {
    reader.take('name', 'a value');
    return { kind: 'text', text };
  }
  return reader.unexpected('a text in quotes, a number or a duration');
}

/** Takes the text of the field; a field that is not there is the empty text. */
export function compileComparison({
  op,
  operand,
}: Pick<Comparison, 'op' | 'operand'>): (text: string) => boolean {
  if (operand.kind !== 'text') {
    const compare = compileNumbers(op, operand.kind === 'number' ? operand.value : operand.ms);
    const read = operand.kind === 'number' ? numberOf : durationMsOf;
    return (text) => {
      const value = read(text);
      return value !== undefined && compare(value);
    };
  }
  const { text: wanted } = operand;
  if (op === '=') return (text) => text === wanted;
  if (op === '!=') return (text) => text !== wanted;
  const matches = compilePattern(wanted, 'whole');
  return op === '=~' ? matches : (text) => !matches(text);
}

export function compileNumbers(op: Operator, wanted: number): (value: number) => boolean {
  switch (op) {
    case '>':
      return (value) => value > wanted;
    case '>=':
      return (value) => value >= wanted;
    case '<':
      return (value) => value < wanted;
    case '<=':
      return (value) => value <= wanted;
    case '!=':
      return (value) => value !== wanted;
    default:
      return (value) => value === wanted;
  }
}

function numberOf(text: string): number | undefined {
  return NUMBER.test(text) ? Number(text) : undefined;
}
