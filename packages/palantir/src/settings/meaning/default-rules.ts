/** The default rules as a team wants them: without those that it disables, and with its changes. */
import { closest } from '@goblin/core';
import type { Rule } from '../../alerts/alert.ts';
import { tokensOf } from '../../query/promql/lexer.ts';
import { parse } from '../../query/promql/parser.ts';
import { isMistake, readQuery } from '../shape/queries.ts';
import type { Placed } from '../shape/spot.ts';
import type { WrittenOverride } from '../written/rule.ts';
import { isTaken } from './rules.ts';

export function adapted(
  defaults: readonly Rule[],
  disabled: readonly Placed<string>[],
  overrides: Readonly<Record<string, Placed<WrittenOverride>>>,
): readonly Rule[] {
  const names = defaults.map(({ name }) => name);
  const off = new Set(disabled.map(({ value }) => value));
  for (const { value, spot } of disabled) if (!names.includes(value)) spot.wrong(unknown(value, names));
  for (const [name, { spot }] of Object.entries(overrides)) {
    if (!names.includes(name)) spot.wrong(unknown(name, names));
    else if (off.has(name)) spot.wrong(`${name} is disabled: take it out of disable, or out of override`);
  }
  return defaults
    .filter(({ name }) => !off.has(name))
    .map((rule) => {
      const override = Object.hasOwn(overrides, rule.name) ? overrides[rule.name] : undefined;
      return override ? changed(rule, override) : rule;
    });
}

function unknown(name: string, names: readonly string[]): string {
  const meant = closest(name, names);
  return `there is no default rule ${JSON.stringify(name)}: ${meant ? `did you mean ${JSON.stringify(meant)}?` : 'goblin alerts rules lists them'}`;
}

function changed(rule: Rule, { value: written, spot }: Placed<WrittenOverride>): Rule {
  const { severity, for: forMs, keepFor: keepForMs, labels, summary, description, runbook } = written;
  const made: Rule = {
    ...rule,
    condition: changedCondition(rule.condition, written),
    ...(severity !== undefined && { severity }),
    ...(forMs !== undefined && { forMs }),
    ...(keepForMs !== undefined && { keepForMs }),
    labels: { ...rule.labels, ...labels },
    ...(summary && { summary: summary.value }),
    ...(description && { description: description.value }),
    ...(runbook !== undefined && { runbook }),
    source: `default, changed in ${spot.line}`,
  };
  return isTaken(made, spot) ? made : rule;
}

function changedCondition(condition: Rule['condition'], written: WrittenOverride): Rule['condition'] {
  const { expression, threshold, noData } = written;
  if (condition.kind !== 'threshold') {
    for (const [key, one] of Object.entries({ expression, threshold, noData }))
      one?.spot.wrong(`this rule has no expression, so it has no ${key} either`);
    return condition;
  }
  if (expression && threshold)
    threshold.spot.wrong('write the threshold into the expression that stands beside it');
  return {
    ...condition,
    expression: changedExpression(condition.expression, written),
    ...(noData && { noData: noData.value }),
  };
}

function changedExpression(before: string, { expression, threshold }: WrittenOverride): string {
  if (expression) {
    const read = readQuery(expression.value);
    if (isMistake(read)) expression.spot.wrong(read.message, read.at);
    return expression.value;
  }
  if (!threshold) return before;
  const after = withThreshold(before, threshold.value);
  if (after === undefined)
    threshold.spot.wrong(
      `its expression does not end with a comparison: write another expression. It is ${before}`,
    );
  return after ?? before;
}

/** `rate(x[5m]) > 5` with another number at the end; undefined where it has another form. */
function withThreshold(text: string, threshold: number): string | undefined {
  const expression = parse(text);
  const last = tokensOf(text).findLast(({ kind }) => kind !== 'end')!;
  const isComparison =
    expression.type === 'binary' &&
    ['>', '<', '>=', '<=', '==', '!='].includes(expression.op) &&
    expression.right.type === 'number' &&
    last.kind === 'number';
  return isComparison
    ? text.slice(0, last.at) + threshold + text.slice(last.at + last.text.length)
    : undefined;
}
