/** From rules and objectives as they are written to those that the alert engine takes. One that is written for each of some services
 * becomes as many. What the engine itself would refuse is told as well. */
import { isDeepStrictEqual } from 'node:util';
import { closest, isGoblinError } from '@goblin/core';
import type { Condition, Rule } from '../../alerts/alert.ts';
import { subjectOf } from '../../alerts/conditions/subject.ts';
import { checkRule } from '../../alerts/rule-check.ts';
import type { Labels } from '../../model.ts';
import { fill, placeholdersOf } from '../shape/placeholders.ts';
import type { Placed, Spot } from '../shape/spot.ts';
import type { WrittenRule, WrittenSlo, WrittenWords } from '../written/rule.ts';
import { type Query, queryOf, type Templates, tellUnused } from './expressions.ts';
import { knownLabels } from './known-labels.ts';

const HINT = ', or forEach: [tax, payments]';

export function rulesOf(
  { value: written, spot }: Placed<WrittenRule>,
  templates: Templates,
): readonly Rule[] {
  tellMisplaced(written);
  const { use, expression } = written;
  const template =
    use && Object.hasOwn(templates.metrics, use.value) ? templates.metrics[use.value] : undefined;
  if (!use || template)
    tellUnused(written.with, [...textsOf(written), expression?.value, template?.value.expression.value]);
  return each(written, spot, 'ticket', (values) => conditionOf(written, templates, values));
}

export function sloRulesOf(
  { value: written, spot }: Placed<WrittenSlo>,
  templates: Templates,
): readonly Rule[] {
  const { errorShare, objective } = written;
  tellUnused(written.with, [...textsOf(written), errorShare.value]);
  return each(written, spot, 'page', (values) => {
    const query = queryOf({ expression: errorShare }, templates, { values, hint: HINT, hasWindow: true });
    if (!query) return undefined;
    tellUnknownLabels(written, query, values);
    return { kind: 'burnRate', errorShare: query.text, objective };
  });
}

interface Each extends WrittenWords {
  readonly name: Placed<string>;
  readonly with?: Placed<Labels>;
  readonly forEach?: readonly string[];
}

const DECISIVE = ['with', 'forEach', 'above', 'below'];

function each(
  written: Each,
  spot: Spot,
  severity: Rule['severity'],
  condition: (values: Labels) => Condition | undefined,
): readonly Rule[] {
  // What depends on something that could not be read says nothing.
  if (DECISIVE.some((key) => spot.key(key) && !(key in written))) return [];
  const given = written.with?.value ?? {};
  const all = written.forEach?.map((service) => ({ ...given, service })) ?? [given];
  return all.flatMap((values) => {
    const made = condition(values);
    const rule = made && ruleOf(written, values, made, severity);
    return rule && isTaken(rule, spot) ? rule : [];
  });
}

function ruleOf(written: Each, values: Labels, condition: Condition, severity: Rule['severity']): Rule {
  const { name, summary, description } = written;
  const filled = (text: string): string => fill(text, values).text;
  const gaps = placeholdersOf(name.value);
  const strange = gaps.find((gap) => !Object.hasOwn(values, gap.name));
  if (strange)
    name.spot.wrong(
      `a name is the same for all alerts of a rule: nothing fills {{ ${strange.name} }}${HINT}`,
      strange.start,
    );
  const isNamedEach = !written.forEach || gaps.some((gap) => gap.name === 'service');
  const unique = isNamedEach ? name.value : `${name.value}: {{ service }}`;
  const { service } = values;
  return {
    name: filled(unique),
    severity: written.severity ?? severity,
    condition,
    forMs: written.for ?? 0,
    keepForMs: written.keepFor ?? 0,
    labels: { ...(service !== undefined && { service }), ...written.labels },
    summary: filled(summary?.value ?? unique),
    ...(description && { description: filled(description.value) }),
    ...(written.runbook !== undefined && { runbook: written.runbook }),
    source: name.spot.line,
  };
}

/** Tells what the engine has against a rule, at the key that it names. */
export function isTaken(rule: Rule, spot: Spot): boolean {
  try {
    checkRule(rule);
    return true;
  } catch (error) {
    if (!isGoblinError(error)) throw error;
    const [, field = '', message = error.message] = /^(\w+): (.*)$/s.exec(error.message) ?? [];
    const key = ['count', 'firstSeen', ''].find((part) => spot.key(part)?.key(field)) ?? '';
    spot.deepest(key === '' ? [field] : [key, field]).wrong(message);
    return false;
  }
}

function conditionOf(written: WrittenRule, templates: Templates, values: Labels): Condition | undefined {
  const { count, firstSeen } = written;
  if (firstSeen) return { kind: 'firstSeen', matchers: firstSeen.where ?? [] };
  if (count) {
    const { where = [], words = [], level = 0, by = ['service'], atLeast, within } = count;
    return { kind: 'count', matchers: where, words, logSeverity: level, by, atLeast, windowMs: within };
  }
  const query = queryOf(written, templates, { values, hint: HINT });
  if (!query) return undefined;
  tellUnknownLabels(written, query, values);
  const { above, below, noData } = written;
  const comparison = above ? `> ${above.value}` : below ? `< ${below.value}` : undefined;
  if (comparison === undefined && isAlwaysTrue(query))
    return query.wrong(
      'this is true of every series: compare it, as in … > 5, or write above: 5 or below: 5',
    );
  const expression = comparison === undefined ? query.text : `(${query.text}) ${comparison}`;
  return { kind: 'threshold', expression, noData: noData?.value ?? 'keep' };
}

/** An expression without a comparison, `unless` and the like leaves nothing out. */
function isAlwaysTrue({ expression }: Query): boolean {
  return isDeepStrictEqual(subjectOf(expression), expression);
}

/** Keys that go with an expression only, and those that exclude each other. */
function tellMisplaced(written: WrittenRule): void {
  const { above, below, noData, count, firstSeen } = written;
  if (above && below) below.spot.wrong('below stands beside above: write two rules');
  if (!count && !firstSeen) return;
  for (const [key, one] of Object.entries({ above, below, noData }))
    one?.spot.wrong(`${key} goes with expression or use, not with ${count ? 'count' : 'firstSeen'}`);
}

/** A placeholder of an alert's words that no label of the expression will ever fill. */
function tellUnknownLabels(
  { summary, description, labels: added }: Each,
  query: Query,
  values: Labels,
): void {
  const labels = knownLabels(query.expression);
  if (!labels) return;
  const known = new Set([...labels, ...Object.keys(values), ...Object.keys(added ?? {}), 'value']);
  for (const written of [summary, description]) {
    const gap = placeholdersOf(written?.value ?? '').find(({ name }) => !known.has(name));
    if (!gap) continue;
    const meant = closest(gap.name, known);
    const have = labels.size === 0 ? 'have no labels' : `have no label but ${[...labels].join(', ')}`;
    written!.spot.wrong(
      `nothing fills {{ ${gap.name} }}: the series of the expression ${have}${meant ? `; did you mean {{ ${meant} }}?` : ''}`,
      gap.start,
    );
  }
}

function textsOf({ name, summary, description }: Each): readonly (string | undefined)[] {
  return [name.value, summary?.value, description?.value];
}
