/** Short for the rules that come with Palantir. */
import { type Duration, milliseconds } from '@goblin/core';
import type { Rule, Severity } from '../alert.ts';

export interface DefaultRule {
  readonly name: string;
  readonly severity: Severity;
  readonly expression: string;
  readonly summary: string;
  readonly description: string;
  /** What larger trouble mutes it (inhibition.ts). */
  readonly about?: string;
  /** Default 0. */
  readonly for?: Duration;
  /** Default 2 minutes. */
  readonly keepFor?: Duration;
  /** Default `keep`; `ok` for what is about one instance, which may be gone for good. */
  readonly noData?: 'ok' | 'keep';
}

export function defaultRule(given: DefaultRule): Rule {
  const { name, severity, expression, summary, description, about } = given;
  return {
    ...{ name, severity, summary, description, source: 'default' },
    condition: { kind: 'threshold', expression, noData: given.noData ?? 'keep' },
    forMs: milliseconds(given.for ?? '0ms'),
    keepForMs: milliseconds(given.keepFor ?? '2m'),
    labels: about === undefined ? {} : { about },
  };
}
