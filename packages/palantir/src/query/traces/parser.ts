/** Reads the part of TraceQL (https://grafana.com/docs/tempo/latest/traceql/) that docs/reference/queries.md describes. */
import { closest } from '@goblin/core';
import { type Comparison, readComparison } from '../comparison.ts';
import { TokenReader } from '../token-reader.ts';
import { readTree } from '../tree.ts';
import type { SpanSet, TraceFilter } from './ast.ts';

const WORDS = { and: ['&&'], or: ['||'] };
/** What is no attribute, and what it is compared with. */
const FIELDS: Readonly<Record<string, 'text' | 'duration' | readonly string[]>> = {
  ...{ name: 'text', service: 'text', statusMessage: 'text', rootName: 'text', rootService: 'text' },
  ...{ duration: 'duration', traceDuration: 'duration' },
  status: ['unset', 'ok', 'error'],
  kind: ['internal', 'server', 'client', 'producer', 'consumer'],
};
const OTHER_NAMES: Readonly<Record<string, string>> = { rootServiceName: 'rootService' };
const SCOPED = /^(?:span|resource)?\.(.+)$/s;

/** An empty query asks for all traces. @throws INVALID_INPUT that names line and column */
export function parseTraces(query: string): TraceFilter {
  const reader = new TokenReader(query);
  if (reader.isAtEnd) return { leaf: {} };
  const filter = readTree(reader, WORDS, () => readSpanSet(reader));
  if (!reader.isAtEnd) reader.unexpected('&&, || or the end');
  return filter;
}

function readSpanSet(reader: TokenReader): SpanSet {
  reader.expect('{');
  if (reader.takes('}')) return {};
  const condition = readTree(reader, WORDS, () => readField(reader));
  if (!reader.takes('}')) reader.unexpected('&&, || or }');
  return { condition };
}

function readField(reader: TokenReader): Comparison {
  const { text: name, at } = reader.take('name', 'a field such as service, duration or .http.route');
  const attribute = SCOPED.exec(name)?.[1];
  if (attribute !== undefined)
    return readComparison(reader, attribute === 'service.name' ? 'service' : `.${attribute}`);
  const field = Object.hasOwn(OTHER_NAMES, name) ? OTHER_NAMES[name]! : name;
  const type = Object.hasOwn(FIELDS, field) ? FIELDS[field] : undefined;
  if (type === undefined) {
    const guess = closest(name, Object.keys(FIELDS));
    const hint = guess ? `is ${guess} meant, or the attribute .${name}?` : `write .${name} for an attribute`;
    reader.fail(`there is no field ${name}: ${hint}`, at);
  }
  const comparison = readComparison(reader, field);
  checkOperand(reader, comparison, type, at);
  return comparison;
}

function checkOperand(
  reader: TokenReader,
  { field, op, operand }: Comparison,
  type: 'text' | 'duration' | readonly string[],
  at: number,
): void {
  if (type === 'duration') {
    if (operand.kind !== 'duration') reader.fail(`${field} is compared with a duration such as 200ms`, at);
    return;
  }
  if (operand.kind !== 'text') reader.fail(`${field} is compared with a text in quotes`, at);
  if (type === 'text' || op === '=~' || op === '!~') return;
  const { text } = operand as { text: string };
  if (!type.includes(text))
    reader.fail(`${field} is one of ${type.join(', ')}, not ${JSON.stringify(text)}`, at);
}
