/** Says a recurring trouble in the log: the first time at once, then at most once a minute with how often it
 * happened meanwhile. What anybody on the network can provoke must not fill a disk. */
import type { Clock, Logger, Timer } from '@goblin/core';

const PERIOD_MS = 60_000;
const MAX_REASONS = 64;

export interface Complaints {
  /** @param reason one of few fixed sentences or names; beyond 64 different ones they are counted together. */
  about(reason: string, fields?: Readonly<Record<string, unknown>>): void;
  close(): void;
}

/** @param who begins each line, such as `beacon`. */
export function createComplaints(clock: Clock, log: Logger, who: string): Complaints {
  const counts = new Map<string, number>();
  const fieldsOf = new Map<string, Readonly<Record<string, unknown>>>();
  let timer: Timer | undefined;

  function report(): void {
    timer = undefined;
    if (counts.size === 0) return;
    for (const [reason, count] of counts) {
      log.warn(
        { ...fieldsOf.get(reason), times: count, withinMs: PERIOD_MS },
        `${who}: ${reason} (${count} times within a minute)`,
      );
    }
    counts.clear();
    fieldsOf.clear();
    timer = clock.after(PERIOD_MS, report);
  }

  return {
    about(reason, fields = {}) {
      if (!timer) {
        log.warn(fields, `${who}: ${reason}`);
        timer = clock.after(PERIOD_MS, report);
        return;
      }
      const key = counts.has(reason) || counts.size < MAX_REASONS ? reason : 'other troubles';
      counts.set(key, (counts.get(key) ?? 0) + 1);
      fieldsOf.set(key, fields);
    },
    close: () => timer?.cancel(),
  };
}
