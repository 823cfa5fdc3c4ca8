/** Lets one supervisor at a time run on a data folder. The lock is the kernel's own (fcntl, taken through SQLite on
 * an otherwise empty file), so it ends with its holder, however that ends, and is never stale. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { GoblinError } from '@goblin/core';

const SQLITE_BUSY = 5;

export interface UpLock {
  release(): void;
}

/** @throws ALREADY_EXISTS naming the process that runs. */
export function takeUpLock(dataFolder: string): UpLock {
  const pidFile = join(dataFolder, 'up.pid');
  const file = new DatabaseSync(join(dataFolder, 'up.lock'), { timeout: 0 });
  try {
    file.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    file.close();
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
    throw new GoblinError('ALREADY_EXISTS', {
      message: `goblin up already runs on ${dataFolder} (process ${pidIn(pidFile)}): stop that one, or choose another folder by --data`,
    });
  }
  writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  return { release: () => file.close() };
}

function pidIn(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return 'unknown';
  }
}
