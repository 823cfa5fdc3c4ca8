/** An error that was never seen before, or came back after it was resolved. It holds until the error was not seen for QUIET_MS, until
 * somebody resolves or ignores it, and for NEW_MS at most: then it is no longer new. */
import { compileMatchers } from '../../store/matching.ts';
import type { Condition } from '../alert.ts';
import type { CompiledCondition, ConditionSources, Finding } from './condition.ts';

export const NEW_MS: number = 24 * 3_600_000;
export const QUIET_MS: number = 3_600_000;

type FirstSeen = Extract<Condition, { kind: 'firstSeen' }>;

/** Matchers are on `service`, `error_type`, `version` and `error`, the fingerprint.
 * @throws INVALID_INPUT */
export function firstSeen(condition: FirstSeen, errors: ConditionSources['errors']): CompiledCondition {
  const matchers = compileMatchers(condition.matchers);
  return {
    async read(atMs) {
      const groups = errors
        .newSince(atMs - NEW_MS)
        // Lines that were sent late have old times.
        .filter(({ newAtMs, lastSeenMs }) => atMs - Math.max(newAtMs, lastSeenMs) < QUIET_MS);
      const findings = groups.map((group): Finding => {
        const { service, version } = group.newIn;
        const { fingerprint, type, title } = group;
        return {
          labels: { service, ...(version && { version }), error_type: type, error: fingerprint, title },
          value: group.count,
          evidence: group.samples.flatMap(({ traceId }) => traceId ?? []),
        };
      });
      return {
        findings: findings.filter(({ labels }) =>
          matchers.every(({ label, takes }) => takes(labels[label] ?? '')),
        ),
      };
    },
  };
}
