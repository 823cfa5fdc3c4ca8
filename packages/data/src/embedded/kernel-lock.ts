/** Locks between processes that end with their holder. They are the kernel's own (fcntl, taken through
 * SQLite on an empty file), so `kill -9` of a holder frees them at once: there is no stale lock to detect,
 * no pid that may have been given to another program. They also hold between parts of one process.
 * Limit: the file must be on a file system with working fcntl locks, which excludes some network shares. */
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { GoblinError, sleep, systemClock } from '@goblin/core';

const POLL_MS = 10;
const SQLITE_BUSY = 5;

export interface HeldLock {
  release(): void;
}

/** Alone on this file, or undefined while anybody else holds it. */
export function tryExclusive(path: string): HeldLock | undefined {
  return tryLock(path, 'BEGIN EXCLUSIVE');
}

/** One of many on this file, or undefined while somebody is alone on it. */
export function tryShared(path: string): HeldLock | undefined {
  return tryLock(path, 'BEGIN; SELECT count(*) FROM sqlite_master');
}

/** Alone on this file, waiting for others up to `timeoutMs`. @throws DATABASE_UNAVAILABLE when the time is up. */
export function exclusive(path: string, timeoutMs: number): Promise<HeldLock> {
  return patiently(tryExclusive, path, timeoutMs);
}

/** One of many on this file, waiting up to `timeoutMs`. @throws DATABASE_UNAVAILABLE when the time is up. */
export function shared(path: string, timeoutMs: number): Promise<HeldLock> {
  return patiently(tryShared, path, timeoutMs);
}

async function patiently(
  attempt: (path: string) => HeldLock | undefined,
  path: string,
  timeoutMs: number,
): Promise<HeldLock> {
  const giveUpAt = systemClock.now() + timeoutMs;
  for (;;) {
    const held = attempt(path);
    if (held) return held;
    if (systemClock.now() >= giveUpAt) {
      throw new GoblinError('DATABASE_UNAVAILABLE', {
        message: `another process has held the lock ${path} for more than ${timeoutMs} ms: look for one that is frozen`,
      });
    }
    await sleep(POLL_MS * (0.5 + Math.random()));
  }
}

function tryLock(path: string, begin: string): HeldLock | undefined {
  const file = open(path);
  try {
    file.exec(begin);
    return { release: () => file.close() };
  } catch (error) {
    file.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return undefined;
    throw unusable(path, error);
  }
}

function open(path: string): DatabaseSync {
  try {
    makeFile(path);
    return new DatabaseSync(path, { timeout: 0 });
  } catch (error) {
    throw unusable(path, error);
  }
}

/** Only ever creates: to open and close a file drops all locks that this process has on it (POSIX). */
function makeFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function unusable(path: string, cause: unknown): GoblinError {
  return new GoblinError('DATABASE_UNAVAILABLE', {
    message: `the lock file ${path} cannot be used (${(cause as Error).message}): it must belong to the user who runs Goblin, on a local disk`,
    cause,
  });
}
