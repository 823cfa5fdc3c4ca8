/** Rules for tests. */
import type { Condition, Rule } from '../alert.ts';

export function rule(name: string, condition: Condition | string, more: Partial<Rule> = {}): Rule {
  return {
    name,
    severity: 'page',
    condition:
      typeof condition === 'string'
        ? { kind: 'threshold', expression: condition, noData: 'keep' }
        : condition,
    forMs: 0,
    keepForMs: 0,
    labels: {},
    summary: `${name} of {{ service }} is {{ value }}`,
    source: 'test',
    ...more,
  };
}
