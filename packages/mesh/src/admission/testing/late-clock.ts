/** A virtual clock of an event loop that can be busy: what falls due meanwhile runs late, as it does in Node. */
import { type Clock, type EventQueue, eventQueue } from '@goblin/core';

export interface LateClock extends Clock {
  /** Moves time forward, running what falls due in order. */
  advance(byMs: number): Promise<void>;
  /** The loop does one thing for so long. */
  block(forMs: number): void;
}

export function lateClock(): LateClock {
  const queue: EventQueue = eventQueue();
  let nowMs = 0;
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const clock: LateClock = {
    now: () => nowMs,
    wall: () => nowMs,
    after(delayMs, run) {
      const event = queue.add(nowMs + delayMs, run);
      return {
        cancel: () => {
          event.cancelled = true;
        },
      };
    },
    every(periodMs, run) {
      let timer = clock.after(periodMs, function again(): void {
        timer = clock.after(periodMs, again);
        run();
      });
      return { cancel: () => timer.cancel() };
    },
    block(forMs) {
      nowMs += forMs;
    },
    async advance(byMs) {
      const until = nowMs + byMs;
      await settle();
      for (let event = queue.take(until); event; event = queue.take(until)) {
        nowMs = Math.max(nowMs, event.at);
        event.run();
        await settle();
      }
      nowMs = Math.max(nowMs, until);
      await settle();
    },
  };
  return clock;
}
