/** Timers that notice when they run late. A process that stood still (SIGSTOP, a suspended machine, a blocked event
 * loop) finds all its timers due at once, before it has read what arrived meanwhile: nobody may be accused for
 * that. */
import type { Clock, Timer } from '@goblin/core';

/** Later than this is no matter of a busy event loop. */
const STALL_MS = 400;

/** Runs once after a while, unless it was disposed of; returns what cancels it. */
export type Later = (delayMs: number, run: () => void) => () => void;

/** @param stalled told by how many ms we stood still, before what was due runs. */
export function punctualTimers(clock: Clock, stalled: (byMs: number) => void): Later & Disposable {
  const open = new Set<Timer>();
  /** Lateness is told once for all that were due in the same standstill. */
  let awakeSince = clock.now();

  let disposed = false;

  const later = (delayMs: number, run: () => void): (() => void) => {
    if (disposed) return () => {};
    const due = clock.now() + delayMs;
    const timer = clock.after(delayMs, () => {
      open.delete(timer);
      const now = clock.now();
      const lateMs = now - Math.max(due, awakeSince);
      if (lateMs > STALL_MS) {
        awakeSince = now;
        stalled(lateMs);
      }
      run();
    });
    open.add(timer);
    return () => {
      timer.cancel();
      open.delete(timer);
    };
  };
  const dispose = (): void => {
    disposed = true;
    for (const timer of open) timer.cancel();
    open.clear();
  };
  return Object.assign(later, { [Symbol.dispose]: dispose });
}
