/** A Clock that stands still until told to move: tests and simulators run hours in milliseconds. */
import type { Clock, Timer } from './clock.ts';

interface Entry {
  at: number;
  readonly order: number;
  readonly callback: () => void;
  readonly periodMs: number | undefined;
  cancelled: boolean;
}

export interface VirtualClock extends Clock {
  /** Moves time forward, running what falls due in order, and lets promises settle after each step. */
  advance(byMs: number): Promise<void>;
}

export function virtualClock(startWallMs = Date.UTC(2026, 0, 1)): VirtualClock {
  let nowMs = 0;
  let order = 0;
  let entries: Entry[] = [];

  function schedule(delayMs: number, callback: () => void, periodMs?: number): Timer {
    const entry: Entry = { at: nowMs + delayMs, order: order++, callback, periodMs, cancelled: false };
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
    every: (periodMs, callback) => schedule(periodMs, callback, periodMs),
    async advance(byMs) {
      const untilMs = nowMs + byMs;
      for (let entry = nextDue(untilMs); entry; entry = nextDue(untilMs)) {
        nowMs = entry.at;
        if (entry.periodMs === undefined) entry.cancelled = true;
        else entry.at += entry.periodMs;
        entry.callback();
        await settle();
      }
      nowMs = untilMs;
      await settle();
    },
  };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
