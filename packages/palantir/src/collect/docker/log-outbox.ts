/** What the followers of many containers have read, on its way into the store: they wait while it is full, batches go out one after
 * the other, and when one is committed it is remembered how far each container was read. */
import { type Clock, pause } from '@goblin/core';
import type { LogLine } from '../../model.ts';
import type { Keeper } from '../keep.ts';

const MAX_QUEUED_LINES = 20_000;
const MAX_BATCH_LINES = 5_000;
/** What comes within it goes out together. */
const GATHER_MS = 100;

export interface OutboxEntry {
  readonly container: string;
  readonly stamp: string;
  readonly line: LogLine;
}

export interface LogOutbox {
  /** Resolves when there is room for more, or when it is over. */
  add(entries: readonly OutboxEntry[]): Promise<void>;
  /** Sends until it is aborted. What waits then is read again the next time. */
  run(signal: AbortSignal): Promise<void>;
}

/** @param committed the newest stamp of each container that was in the batch */
export function logOutbox(
  clock: Clock,
  keep: Keeper,
  committed: (stamps: ReadonlyMap<string, string>) => void,
): LogOutbox {
  let queue: OutboxEntry[] = [];
  let hasRoom = Promise.withResolvers<void>();
  let hasWork = Promise.withResolvers<void>();
  let isOver = false;

  return {
    async add(entries) {
      if (entries.length === 0) return;
      queue = queue.concat(entries);
      hasWork.resolve();
      while (queue.length >= MAX_QUEUED_LINES && !isOver) await hasRoom.promise;
    },
    async run(signal) {
      const stop = (): void => {
        isOver = true;
        hasWork.resolve();
        hasRoom.resolve();
      };
      signal.addEventListener('abort', stop, { once: true });
      while (!signal.aborted) {
        await hasWork.promise;
        await pause(clock, GATHER_MS, signal);
        const batch = queue.slice(0, MAX_BATCH_LINES);
        if (!(await keep.patiently({ logs: batch.map(({ line }) => line) }, signal))) break;
        committed(new Map(batch.map(({ container, stamp }) => [container, stamp])));
        queue = queue.slice(batch.length);
        if (queue.length === 0 && !isOver) hasWork = Promise.withResolvers();
        hasRoom.resolve();
        hasRoom = Promise.withResolvers();
      }
      stop();
    },
  };
}
