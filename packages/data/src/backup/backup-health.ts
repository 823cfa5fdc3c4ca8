/** Whether the backups go well: what `/readyz` and the table of `goblin up` say of them. */
import type { Health } from '@goblin/core';
import type { BackupTelemetry } from './backup-telemetry.ts';

/** So much more than what may be lost is no matter of a slow moment. */
const LOG_TOLERANCE = 6;
const MIN_LOG_TOLERANCE_MS = 60_000;
const AGE_TOLERANCE = 2;

export interface BackupHealth {
  /** What does not work now, as a sentence; undefined when it works again. */
  tell(part: 'log' | 'backup', problem: string | undefined): void;
  check(): Health;
}

export function backupHealth(
  seen: Pick<BackupTelemetry, 'rpoMs' | 'ageMs'>,
  everyMs: number,
  logEveryMs: number,
): BackupHealth {
  const problems = new Map<string, string>();
  const mostBehindMs = Math.max(LOG_TOLERANCE * logEveryMs, MIN_LOG_TOLERANCE_MS);
  return {
    tell(part, problem) {
      if (problem === undefined) problems.delete(part);
      else problems.set(part, problem);
    },
    check() {
      const { rpoMs, ageMs } = seen;
      const found = [...problems.values()];
      if (rpoMs !== undefined && rpoMs > mostBehindMs)
        found.push(`what was written in the last ${seconds(rpoMs)} is not in the store`);
      if (ageMs !== undefined && ageMs > AGE_TOLERANCE * everyMs)
        found.push(`the last good backup is ${seconds(ageMs)} old`);
      if (found.length > 0) return { ok: false, detail: found.join('; ') };
      if (rpoMs === undefined) return { ok: true, detail: 'another process makes the backups' };
      const log = `the store has the log up to ${seconds(rpoMs)} ago`;
      return {
        ok: true,
        detail: ageMs === undefined ? log : `${log}, a good backup of ${seconds(ageMs)} ago`,
      };
    },
  };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}
