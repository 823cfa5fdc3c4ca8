/** Reads the part of LogQL (https://grafana.com/docs/loki/latest/query/) that docs/reference/queries.md describes. */
import { closest } from '@goblin/core';
import type { Matcher } from '../../model.ts';
import { type Comparison, checkPattern, MAX_PATTERN_LENGTH, readComparison } from '../comparison.ts';
import { TokenReader } from '../token-reader.ts';
import { readTree } from '../tree.ts';
import type { LineFilter, LogCounting, LogSelection, Stage, TemplatePart } from './ast.ts';

const LINE_FILTERS: ReadonlySet<string> = new Set(['|=', '!=', '|~', '!~']);
const STAGES = ['json', 'logfmt', 'line_format'];
const WORDS = { and: ['and', ','], or: ['or'] };
const MATCHING: ReadonlySet<string> = new Set(['=', '!=', '=~', '!~']);
const MAX_STAGES = 50;

/** An empty query asks for all lines. @throws INVALID_INPUT that names line and column */
export function parseSelection(query: string): LogSelection {
  const reader = new TokenReader(query);
  if (reader.isAtEnd) return { matchers: [], stages: [] };
  const selection = readSelection(reader);
  if (!reader.isAtEnd)
    reader.unexpected('a line filter such as |= "text", a stage such as | json, or the end');
  return selection;
}

/** `count_over_time({…}[5m])`, alone or within `sum by (…) (…)`. @throws INVALID_INPUT that names line and column */
export function parseCounting(query: string): LogCounting {
  const reader = new TokenReader(query);
  const isSum = reader.takes('sum');
  let by = isSum ? readBy(reader) : undefined;
  if (isSum) reader.expect('(');
  const counted = readCounted(reader);
  if (isSum) reader.expect(')');
  if (isSum) by ??= readBy(reader);
  if (!reader.isAtEnd) reader.unexpected('the end');
  return { ...counted, by: by ?? [] };
}

function readCounted(reader: TokenReader): Omit<LogCounting, 'by'> {
  if (!reader.takes('count_over_time')) reader.unexpected('count_over_time({…}[5m])');
  reader.expect('(');
  const selection = readSelection(reader);
  reader.expect('[');
  const { value: rangeMs, at } = reader.take('duration', 'a duration such as 5m');
  if (rangeMs < 1) reader.fail('a range has to be at least 1ms', at);
  reader.expect(']');
  reader.expect(')');
  return { selection, rangeMs };
}

function readBy(reader: TokenReader): string[] | undefined {
  if (!reader.takes('by')) return undefined;
  reader.expect('(');
  const labels: string[] = [];
  while (!reader.takes(')')) {
    if (labels.length > 0) reader.expect(',');
    labels.push(readLabel(reader));
  }
  return labels;
}

function readSelection(reader: TokenReader): LogSelection {
  const matchers: Matcher[] = [];
  reader.expect('{');
  while (!reader.takes('}')) {
    if (matchers.length > 0) reader.expect(',');
    if (reader.takes('}')) break;
    matchers.push(readMatcher(reader));
  }
  const stages: Stage[] = [];
  while (reader.is('|') || LINE_FILTERS.has(reader.token.text)) {
    if (stages.length >= MAX_STAGES) reader.fail(`a query has at most ${MAX_STAGES} filters and stages`);
    stages.push(reader.takes('|') ? readStage(reader) : readLineFilter(reader));
  }
  return { matchers, stages };
}

function readMatcher(reader: TokenReader): Matcher {
  const label = readLabel(reader);
  const { kind, text: op } = reader.token;
  if (kind !== 'symbol' || !MATCHING.has(op)) reader.unexpected('=, !=, =~ or !~');
  reader.take('symbol', 'an operator');
  const { at } = reader.token;
  const value = reader.takeText();
  if (op === '=~' || op === '!~') checkPattern(reader, value, at);
  return { label, op: op as Matcher['op'], value };
}

function readLabel(reader: TokenReader): string {
  const { at } = reader.token;
  const label = reader.takeName('the name of a label');
  if (label === '') reader.fail('the name of a label is empty', at);
  return label.startsWith('.')
    ? reader.fail(`labels have no dot before them: write ${label.slice(1)}`, at)
    : label;
}

function readLineFilter(reader: TokenReader): LineFilter {
  const { text: op } = reader.take('symbol', 'a line filter');
  const isPattern = op === '|~' || op === '!~';
  const isWord = !isPattern && reader.takes('word');
  if (isWord) reader.expect('(');
  const values = [readFilterValue(reader, isPattern)];
  if (isWord) reader.expect(')');
  else while (reader.takes('or')) values.push(readFilterValue(reader, isPattern));
  const by = isPattern ? 'pattern' : isWord ? 'word' : 'text';
  return { type: 'line', by, isWanted: op.startsWith('|'), values };
}

function readFilterValue(reader: TokenReader, isPattern: boolean): string {
  const { at } = reader.token;
  const value = reader.takeText();
  if (isPattern) checkPattern(reader, value, at);
  else if (value.length > MAX_PATTERN_LENGTH)
    reader.fail(`a text to look for has at most ${MAX_PATTERN_LENGTH} characters`, at);
  return value;
}

function readStage(reader: TokenReader): Stage {
  const { kind, text, at } = reader.token;
  if (reader.takes('json') || reader.takes('logfmt'))
    return { type: 'parse', format: text as 'json' | 'logfmt' };
  if (reader.takes('line_format')) {
    const { at: from } = reader.token;
    return { type: 'format', template: templateOf(reader, reader.takeText(), from) };
  }
  if (kind !== 'name' && kind !== 'string' && !reader.is('('))
    reader.unexpected('json, logfmt, line_format or a condition such as status >= 500');
  return { type: 'where', condition: readTree(reader, WORDS, () => readCondition(reader, at)) };
}

function readCondition(reader: TokenReader, stageAt: number): Comparison {
  const { at } = reader.token;
  const field = readLabel(reader);
  const { kind } = reader.token;
  if (at === stageAt && kind !== 'symbol') unknownStage(reader, field, at);
  return readComparison(reader, field);
}

function unknownStage(reader: TokenReader, name: string, at: number): never {
  const guess = closest(name, STAGES);
  return reader.fail(
    `there is no stage ${name}: ${guess ? `is ${guess} meant?` : `there are ${STAGES.join(', ')} and conditions such as status >= 500`}`,
    at,
  );
}

/** `{{.field}}` and what stands between. */
function templateOf(reader: TokenReader, text: string, at: number): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let from = 0;
  for (const match of text.matchAll(/\{\{(.*?)\}\}/gs)) {
    const field = /^\s*\.([\w.-]+)\s*$/.exec(match[1]!)?.[1];
    if (field === undefined) reader.fail(`${match[0]} is not known here: only {{.field}} is`, at);
    if (match.index > from) parts.push({ text: text.slice(from, match.index) });
    parts.push({ field });
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}
