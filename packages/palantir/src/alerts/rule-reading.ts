/** Reads the conditions of all rules, some at a time. A rule that fails, or takes too long, fails alone: its alerts stay as they are, it is
 * counted, logged when it begins and when it is over, and its turn comes last from then on. */
import { GoblinError, type Logger, type Metrics } from '@goblin/core';
import type { Rule } from './alert.ts';
import type { CompiledCondition, Reading } from './conditions/condition.ts';

const MAX_PARALLEL = 8;
const READ_TIMEOUT_MS = 2_500;
/** Of all rules together: what had no turn until then fails for this round. */
const ROUND_TIMEOUT_MS = 4_000;

export interface CompiledRule {
  readonly rule: Rule;
  readonly condition: CompiledCondition;
}

export type RuleReader = (
  rules: readonly CompiledRule[],
  atMs: number,
  signal: AbortSignal,
) => Promise<ReadonlyMap<CompiledRule, Reading>>;

export function ruleReader(log: Logger, metrics: Metrics): RuleReader {
  const failures = metrics.counter('alert_rule_failures_total', {
    help: 'Times a rule could not be evaluated.',
    labels: ['rule'],
  });
  const failing = new Set<string>();

  return async (rules, atMs, signal) => {
    const readings = new Map<CompiledRule, Reading>();
    const round = AbortSignal.any([signal, AbortSignal.timeout(ROUND_TIMEOUT_MS)]);
    const waiting = [...rules].sort((one, other) => turnOf(one) - turnOf(other));

    function turnOf({ rule }: CompiledRule): number {
      return failing.has(rule.name) ? 1 : 0;
    }

    async function work(): Promise<void> {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const { name } = next.rule;
        try {
          readings.set(next, await readOne(next, atMs, round));
          if (failing.delete(name)) log.info({ rule: name }, `the rule ${name} is evaluated again`);
        } catch (err) {
          if (signal.aborted) return;
          failures.with(name).add();
          if (failing.has(name)) continue;
          failing.add(name);
          log.warn({ err, rule: name }, `the rule ${name} cannot be evaluated: its alerts stay as they are`);
        }
      }
    }

    await Promise.all(Array.from({ length: MAX_PARALLEL }, work));
    for (const name of failing) if (!rules.some(({ rule }) => rule.name === name)) failing.delete(name);
    return readings;
  };
}

/** Ends with the signal even where the source does not heed it. */
function readOne({ condition }: CompiledRule, atMs: number, round: AbortSignal): Promise<Reading> {
  const timeUp = AbortSignal.timeout(READ_TIMEOUT_MS);
  const signal = AbortSignal.any([round, timeUp]);
  return new Promise((resolve, reject) => {
    const stop = (): void =>
      reject(
        new GoblinError('DEADLINE_EXCEEDED', {
          message: `it took longer than ${READ_TIMEOUT_MS / 1_000} s, or there was no time left for it: ask for less`,
        }),
      );
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    condition
      .read(atMs, signal)
      .then(resolve, (error: unknown) => (signal.aborted ? stop() : reject(error)))
      .finally(() => signal.removeEventListener('abort', stop));
  });
}
