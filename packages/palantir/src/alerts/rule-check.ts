/** Rules as they are evaluated, all of them sound or none. */
import { GoblinError } from '@goblin/core';
import type { Rule } from './alert.ts';
import { compileCondition } from './conditions/compile.ts';
import type { ConditionSources } from './conditions/condition.ts';
import type { CompiledRule } from './rule-reading.ts';

export const MAX_RULES = 1_000;
const MAX_DURATION_MS = 7 * 86_400_000;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** @throws INVALID_INPUT naming the rule and the field */
export function compileRules(rules: readonly Rule[], sources: ConditionSources): CompiledRule[] {
  if (rules.length > MAX_RULES)
    throw new GoblinError('INVALID_INPUT', { message: `${rules.length} rules: there may be ${MAX_RULES}` });
  const names = new Set<string>();
  return rules.map((rule) => {
    try {
      if (names.has(rule.name)) throw wrong('name', 'another rule has it already');
      names.add(rule.name);
      check(rule);
      return { rule, condition: compileCondition(rule.condition, sources) };
    } catch (cause) {
      const message = `the rule ${JSON.stringify(rule.name)} (${rule.source}): ${(cause as Error).message}`;
      throw new GoblinError('INVALID_INPUT', { message, cause });
    }
  });
}

/** Whether a rule could be evaluated, for who reads rules from files. @throws INVALID_INPUT naming the field */
export function checkRule(rule: Rule): void {
  check(rule);
  compileCondition(rule.condition, NOTHING);
}

const NOTHING: ConditionSources = {
  metrics: { select: async () => [] },
  logs: { searchLogs: async function* () {}, logCounts: async () => [] },
  errors: { newSince: () => [] },
};

function check({ name, summary, forMs, keepForMs, labels }: Rule): void {
  if (name.trim() === '') throw wrong('name', 'write one');
  if (summary.trim() === '') throw wrong('summary', 'write what is wrong, in one line');
  for (const [field, ms] of Object.entries({ for: forMs, keepFor: keepForMs }))
    if (!(ms >= 0 && ms <= MAX_DURATION_MS)) throw wrong(field, 'write a duration of at most 7d');
  for (const label of Object.keys(labels))
    if (!LABEL_NAME.test(label)) throw wrong('labels', `${JSON.stringify(label)} is no name of a label`);
}

function wrong(field: string, message: string): GoblinError {
  return new GoblinError('INVALID_INPUT', { message: `${field}: ${message}` });
}
