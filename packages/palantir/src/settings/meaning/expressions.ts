/** The PromQL of rules and panels: written out, or taken from a metric template of any file by `use`, with its gaps filled. A mistake is
 * told at its character, in the template where it comes from one. */
import { closest } from '@goblin/core';
import type { Labels } from '../../model.ts';
import type { Expression } from '../../query/promql/ast.ts';
import { typeOf } from '../../query/promql/parser.ts';
import { type Filled, fill, placeholdersOf } from '../shape/placeholders.ts';
import { isMistake, readQuery } from '../shape/queries.ts';
import type { Placed } from '../shape/spot.ts';
import type { WrittenMetric } from '../written/rule.ts';

export interface Templates {
  readonly metrics: Readonly<Record<string, Placed<WrittenMetric>>>;
  /** Also those that are wrong. */
  readonly names: ReadonlySet<string>;
}

export interface WrittenExpression {
  readonly expression?: Placed<string>;
  readonly use?: Placed<string>;
  readonly with?: Placed<Labels>;
}

export interface Query {
  readonly text: string;
  readonly expression: Expression;
  /** Tells a mistake in the expression as a whole. */
  wrong(message: string): undefined;
}

/** Of a range that is put in later; as long as `$window`, so that places stay where they are. */
const WINDOW_STAND_IN = '000005m';
const WINDOW = /\$window\b/g;

export interface QueryOptions {
  /** For the gaps. Default: those of `with`. */
  readonly values?: Labels;
  /** How to give more of them, for a sentence. */
  readonly hint?: string;
  /** Whether $window stands for a range. */
  readonly hasWindow?: boolean;
}

/** @returns undefined when it is wrong, which is told */
export function queryOf(
  written: WrittenExpression,
  templates: Templates,
  options: QueryOptions = {},
): Query | undefined {
  const template = written.use ? templateOf(written.use, templates) : written.expression;
  if (!template) return undefined;
  const { values = written.with?.value ?? {}, hasWindow = false } = options;
  if (!hasAll(template, written, values, options)) return undefined;
  const filled = fill(template.value, values);
  const place = (message: string, at: number): undefined =>
    template.spot.wrong(message + suffix(written, values), filled.originOf(at));
  return readFilled(filled, place, hasWindow);
}

function templateOf(
  { value: name, spot }: Placed<string>,
  { metrics, names }: Templates,
): Placed<string> | undefined {
  if (names.has(name)) return Object.hasOwn(metrics, name) ? metrics[name]!.value.expression : undefined;
  const meant = closest(name, names);
  return spot.wrong(`there is no metric template ${name}${meant ? `: did you mean ${meant}?` : ''}`);
}

function hasAll(
  template: Placed<string>,
  written: WrittenExpression,
  values: Labels,
  { hint = '' }: QueryOptions,
): boolean {
  const missing = placeholdersOf(template.value).find(({ name }) => !Object.hasOwn(values, name));
  if (!missing) return true;
  const { name, start } = missing;
  // It is there, and wrong, which is told.
  if (written.with?.spot.keys().includes(name)) return false;
  const message = `nothing stands for {{ ${name} }}: write with: { ${name}: … }${hint}`;
  if (written.use) written.use.spot.wrong(message);
  else template.spot.wrong(message, start);
  return false;
}

function readFilled(
  filled: Filled,
  wrong: (message: string, at: number) => undefined,
  hasWindow: boolean,
): Query | undefined {
  const text = hasWindow ? filled.text.replaceAll(WINDOW, WINDOW_STAND_IN) : filled.text;
  const expression = readQuery(text);
  if (isMistake(expression)) return wrong(expression.message, expression.at);
  const type = typeOf(expression);
  if (type !== 'vector') return wrong(`series are needed, such as rate(x[5m]), and this is a ${type}`, 0);
  return { text: filled.text, expression, wrong: (message) => wrong(message, 0) };
}

/** What a template that is used in many places was filled with. */
function suffix({ use }: WrittenExpression, values: Labels): string {
  const pairs = Object.entries(values).map(([name, value]) => `${name}: ${value}`);
  return use && pairs.length > 0 ? ` (with ${pairs.join(', ')}, as in ${use.spot.line})` : '';
}

/** Tells values that stand for nothing in any of these texts. */
export function tellUnused(given: Placed<Labels> | undefined, texts: readonly (string | undefined)[]): void {
  if (!given) return;
  const used = new Set(texts.flatMap((text) => placeholdersOf(text ?? '')).map(({ name }) => name));
  for (const name of Object.keys(given.value)) {
    if (used.has(name)) continue;
    const meant = closest(name, used);
    given.spot.wrongKey(
      name,
      `nothing asks for ${name}: ${meant ? `did you mean ${meant}?` : `there is no {{ ${name} }}`}`,
    );
  }
}
