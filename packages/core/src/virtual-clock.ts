/** A Clock that stands still until told to move: tests and simulators run hours in milliseconds. */
import type { Clock, Timer } from './clock.ts';

const MIN_PERIOD_MS = 1;

interface Entry {
  at: number;
  readonly order: number;
  readonly callback: () => void;
  readonly periodMs: number | undefined;
  cancelled: boolean;
}

export interface VirtualClock extends Clock {
  /** Moves time forward, running what falls due in order. Promises settle before, after each step and at the end,
   * so what is about to set a timer sets it at the time it began. */
  advance(byMs: number): Promise<void>;
}

export function virtualClock(startWallMs: number = Date.UTC(2026, 0, 1)): VirtualClock {
  let nowMs = 0;
  let order = 0;
  let entries: Entry[] = [];

  function schedule(delayMs: number, callback: () => void, periodMs?: number): Timer {
    const at = nowMs + Math.max(0, delayMs);
    const entry: Entry = { at, order: order++, callback, periodMs, cancelled: false };
    entries.push(entry);
    return {
      cancel: () => {
        entry.cancelled = true;
      },
    };
  }

  function nextDue(untilMs: number): Entry | undefined {
    entries = entries.filter((entry) => !entry.cancelled);
    let first: Entry | undefined;
    for (const entry of entries) {
      if (entry.at > untilMs) continue;
      if (!first || entry.at < first.at || (entry.at === first.at && entry.order < first.order))
        first = entry;
    }
    return first;
  }

  return {
    now: () => nowMs,
    wall: () => startWallMs + nowMs,
    after: (delayMs, callback) => schedule(delayMs, callback),
    every: (periodMs, callback) => {
      // As setInterval does: with no period at all, time would stand still for ever.
      const period = Math.max(MIN_PERIOD_MS, periodMs);
      return schedule(period, callback, period);
    },
    async advance(byMs) {
      const untilMs = nowMs + byMs;
      await settle();
      for (let entry = nextDue(untilMs); entry; entry = nextDue(untilMs)) {
        nowMs = Math.max(nowMs, entry.at);
        if (entry.periodMs === undefined) entry.cancelled = true;
        else entry.at += entry.periodMs;
        entry.callback();
        await settle();
      }
      nowMs = Math.max(nowMs, untilMs);
      await settle();
    },
  };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
