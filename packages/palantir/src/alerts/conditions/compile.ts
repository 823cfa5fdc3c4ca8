/** The condition of a rule, ready to be read. */
import type { Condition } from '../alert.ts';
import { burnRate } from './burn-rate.ts';
import type { CompiledCondition, ConditionSources } from './condition.ts';
import { count } from './count.ts';
import { firstSeen } from './first-seen.ts';
import { threshold } from './threshold.ts';

/** @throws INVALID_INPUT naming the field */
export function compileCondition(condition: Condition, sources: ConditionSources): CompiledCondition {
  switch (condition.kind) {
    case 'threshold':
      return threshold(condition, sources.metrics);
    case 'count':
      return count(condition, sources.logs);
    case 'firstSeen':
      return firstSeen(condition, sources.errors);
    case 'burnRate':
      return burnRate(condition, sources.metrics);
  }
}
