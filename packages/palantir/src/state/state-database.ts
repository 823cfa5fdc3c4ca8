/** What Palantir itself knows and must not forget: states of alerts, incidents, what is to be delivered, error groups, changes, where
 * it was in a log. One small SQLite file beside the days of the telemetry, opened by this process alone; its statements take
 * microseconds. Each part makes its own tables, by numbered steps that run once. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { GoblinError } from '@goblin/core';

const FILE = 'state.db';

export interface StateDatabase extends Disposable {
  readonly db: DatabaseSync;
  /** Runs the steps of a part that have not run yet, in order and in one transaction. A step that was released is never changed. */
  migrate(part: string, steps: readonly string[]): void;
  /** All of it or nothing. Within another one it is part of that. @returns what `run` returns @throws what `run` throws */
  transaction<T>(run: () => T): T;
}

/** @throws STORE_UNAVAILABLE */
export function openState(folder: string): StateDatabase {
  const path = join(folder, FILE);
  let db: DatabaseSync;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    db = new DatabaseSync(path);
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
    db.exec('CREATE TABLE IF NOT EXISTS part (name TEXT PRIMARY KEY, step INTEGER NOT NULL) STRICT');
  } catch (cause) {
    const message = `${path} cannot be used: ${(cause as Error).message}`;
    throw new GoblinError('STORE_UNAVAILABLE', { message, cause });
  }
  let depth = 0;

  function transaction<T>(run: () => T): T {
    if (depth > 0) return run();
    db.exec('BEGIN IMMEDIATE');
    depth++;
    try {
      const result = run();
      db.exec('COMMIT');
      return result;
    } catch (error) {
      db.exec('ROLLBACK');
      throw error;
    } finally {
      depth--;
    }
  }

  return {
    db,
    transaction,
    migrate(part, steps) {
      transaction(() => {
        const row = db.prepare('SELECT step FROM part WHERE name = ?').get(part);
        for (const step of steps.slice(Number(row?.step ?? 0))) db.exec(step);
        db.prepare('INSERT OR REPLACE INTO part (name, step) VALUES (?, ?)').run(part, steps.length);
      });
    },
    [Symbol.dispose]: () => db.close(),
  };
}
