/** Tells that something in a folder changes, as far as the system tells that; who uses it looks by itself now and then as well. */
import { type FSWatcher, watch } from 'node:fs';
import type { Clock } from '@goblin/core';
import { type Hint, hint } from '../hint.ts';

export function folderHint(folder: string, clock: Clock): Hint & Disposable {
  const changed = hint(clock);
  let watcher: FSWatcher | undefined;

  function start(): void {
    try {
      watcher = watch(folder, { persistent: false }, changed.give);
      watcher.on('error', stop);
      // What came before is not told.
      changed.give();
    } catch {
      // The folder is not there yet, or the system has no watches left: looking now and then is enough.
    }
  }

  function stop(): void {
    watcher?.close();
    watcher = undefined;
  }

  return {
    give: changed.give,
    within(delayMs, signal) {
      if (!watcher) start();
      return changed.within(delayMs, signal);
    },
    [Symbol.dispose]: stop,
  };
}
