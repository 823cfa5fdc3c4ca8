/** Where work waits for a peer. Nobody is ready while an instance restarts; whoever calls then waits in order and is
 * let go when one comes, some at a time so that it is not drowned in its first second. Each one waits until a time
 * of its own; the room is bounded. */
import type { Clock, DeadlineSweeper, Timer } from '@goblin/core';

export const MAX_WAITING = 10_000;
/** Peers that were unreachable may be back at any time without saying so: the first in line looks again this often. */
const LOOK_MS = 25;
const MAX_STARTED_AT_ONCE = 256;

export interface Waiter {
  /** Begins if a peer can be had; false when not, then it stays in line. */
  start(): boolean;
  /** Its time is up; it has left the line. */
  expire(): void;
}

export interface WaitingRoom {
  readonly size: number;
  /** Takes a place in the line for `name` until `until` (monotonic ms). Returns what gives the place up; undefined
   * when the room is full. */
  enter(name: string, waiter: Waiter, until: number): (() => void) | undefined;
  /** Something changed: lets go whoever can. */
  look(): void;
}

export function waitingRoom(clock: Clock, sweeper: DeadlineSweeper): WaitingRoom {
  /** By name, who waits in the order of arrival, each with what stops the watch on its time. */
  const lines = new Map<string, Map<Waiter, () => void>>();
  let size = 0;
  let looking: Timer | undefined;

  function leave(name: string, line: Map<Waiter, () => void>, waiter: Waiter): void {
    const stopWatching = line.get(waiter);
    if (!stopWatching) return;
    stopWatching();
    line.delete(waiter);
    size--;
    if (line.size === 0 && lines.get(name) === line) lines.delete(name);
    if (size > 0) return;
    looking?.cancel();
    looking = undefined;
  }

  function look(): void {
    for (const [name, line] of lines) {
      let started = 0;
      for (const waiter of line.keys()) {
        if (started++ >= MAX_STARTED_AT_ONCE || !waiter.start()) break;
        leave(name, line, waiter);
      }
    }
  }

  return {
    get size() {
      return size;
    },
    enter(name, waiter, until) {
      if (size >= MAX_WAITING) return undefined;
      let line = lines.get(name);
      if (!line) {
        line = new Map();
        lines.set(name, line);
      }
      const own = line;
      const stopWatching = sweeper.watch(until, () => {
        leave(name, own, waiter);
        waiter.expire();
      });
      own.set(waiter, stopWatching);
      size++;
      looking ??= clock.every(LOOK_MS, look);
      return () => leave(name, own, waiter);
    },
    look,
  };
}
