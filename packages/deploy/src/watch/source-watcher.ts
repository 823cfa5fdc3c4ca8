/** Tells when the content of any file changes that a service is made of. It watches folders rather than files,
 * because editors save by putting a new file in the old one's place, and compares contents, because a folder
 * also reports what does not matter. Changes that come together are told once. */
import { type FSWatcher, statSync, watch } from 'node:fs';
import type { Clock, Timer } from '@goblin/core';
import type { SourceFiles } from './source-files.ts';

const SETTLE_MS = 40;
const GONE_RETRY_MS = 500;

export interface SourceWatcher {
  /** The version that was last seen. */
  readonly version: string;
  stop(): void;
}

/** @param read is asked at first and after each change in a folder of the files that it last named. */
export function watchSources(
  read: () => SourceFiles,
  onChange: (version: string) => void,
  clock: Clock,
): SourceWatcher {
  const watched = new Map<string, { readonly watcher: FSWatcher; readonly inode: number }>();
  let current = read();
  let settling: Timer | undefined;

  function follow(): void {
    for (const folder of watched.keys()) if (!current.folders.has(folder)) forget(folder);
    for (const folder of current.folders) {
      const inode = statSync(folder, { throwIfNoEntry: false })?.ino;
      // Another folder in its place is another thing to the system.
      if (watched.get(folder)?.inode !== inode) forget(folder);
      if (watched.has(folder) || inode === undefined) continue;
      const watcher = watch(folder, { persistent: false }, touched);
      watcher.on('error', () => forget(folder));
      watched.set(folder, { watcher, inode });
    }
  }

  function forget(folder: string): void {
    watched.get(folder)?.watcher.close();
    watched.delete(folder);
  }

  function touched(): void {
    settling?.cancel();
    settling = clock.after(SETTLE_MS, settled);
  }

  function settled(): void {
    const before = current.version;
    try {
      current = read();
    } catch {
      // The folder is gone, perhaps to be replaced.
      settling = clock.after(GONE_RETRY_MS, settled);
      return;
    }
    follow();
    if (current.version !== before) onChange(current.version);
  }

  follow();
  return {
    get version() {
      return current.version;
    },
    stop() {
      settling?.cancel();
      for (const { watcher } of watched.values()) watcher.close();
    },
  };
}
