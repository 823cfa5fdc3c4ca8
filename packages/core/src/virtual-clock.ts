/** A Clock that stands still until told to move: tests and simulators run hours in milliseconds. */
import type { Clock, Timer } from './clock.ts';
import { eventQueue, type QueuedEvent } from './event-queue.ts';

const MIN_PERIOD_MS = 1;

export interface VirtualClock extends Clock {
  /** Moves time forward, running what falls due in order. Promises settle before, after each step and at the end,
   * so what is about to set a timer sets it at the time it began. */
  advance(byMs: number): Promise<void>;
}

export function virtualClock(startWallMs = Date.UTC(2026, 0, 1)): VirtualClock {
  const queue = eventQueue();
  let nowMs = 0;

  /** Each run puts the next one into the queue first, so that it comes before what the callback sets. */
  function repeat(at: number, periodMs: number, callback: () => void): Timer {
    let next: QueuedEvent;
    const arm = (due: number): void => {
      next = queue.add(due, () => {
        arm(due + periodMs);
        callback();
      });
    };
    arm(at);
    return {
      cancel: () => {
        next.cancelled = true;
      },
    };
  }

  return {
    now: () => nowMs,
    wall: () => startWallMs + nowMs,
    after(delayMs, callback) {
      const event = queue.add(nowMs + Math.max(0, delayMs), callback);
      return {
        cancel: () => {
          event.cancelled = true;
        },
      };
    },
    every(periodMs, callback) {
      // As setInterval does: with no period at all, time would stand still for ever.
      const period = Math.max(MIN_PERIOD_MS, periodMs);
      return repeat(nowMs + period, period, callback);
    },
    async advance(byMs) {
      const untilMs = nowMs + byMs;
      await settle();
      for (let event = queue.take(untilMs); event; event = queue.take(untilMs)) {
        nowMs = Math.max(nowMs, event.at);
        event.run();
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
