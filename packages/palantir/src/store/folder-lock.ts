/** Keeps two processes from writing to one folder, which would give two series one number. The lock is one of SQLite on a file of
 * its own, so that it ends with the process however that dies. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { GoblinError } from '@goblin/core';

const FILE = 'lock';

/** Returns what gives it back. @throws STORE_UNAVAILABLE where another has it */
export function lockFolder(folder: string): () => void {
  const path = join(folder, FILE);
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path);
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    const held = db;
    return () => held.close();
  } catch (error) {
    db?.close();
    const message = `${folder} cannot be used: ${(error as Error).message} (does another process write there?)`;
    throw new GoblinError('STORE_UNAVAILABLE', { message, cause: error });
  }
}
