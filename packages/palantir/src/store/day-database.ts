/** The database of one day: its tables and how it is opened. Journals hold what is acknowledged and not sealed yet; blocks what is
 * sealed. What goes from one to the other does so in one transaction.
 *
 * WAL with synchronous NORMAL: what is committed survives the death of the process, not that of the machine: a power cut can take
 * the last moments before it, and leaves the file whole. */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { GoblinError } from '@goblin/core';

/** Of the tables below. A file of another version is not opened. */
const VERSION = 2;
const BUSY_MS = 5_000;
const CACHE_KB = 8_192;
const CHECKPOINT_PAGES = 2_000;
const WAL_BYTES = 32 * 1_048_576;
/** Extended codes carry more in their upper bits. */
const SQLITE_CODE_MASK = 0xff;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

const TABLES = `
CREATE TABLE series (
  id INTEGER PRIMARY KEY, group_id INTEGER NOT NULL, name TEXT NOT NULL, labels TEXT NOT NULL
);
CREATE TABLE series_group (id INTEGER PRIMARY KEY, sealed_seq INTEGER NOT NULL);
CREATE TABLE sample_journal (seq INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE points_block (
  id INTEGER PRIMARY KEY, group_id INTEGER NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, data BLOB NOT NULL
);
CREATE INDEX points_block_of_group ON points_block (group_id, from_ms, to_ms);
CREATE TABLE minute_rollup (block_id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE hour_rollup (block_id INTEGER PRIMARY KEY, data BLOB NOT NULL);

CREATE TABLE exemplar (
  series_id INTEGER NOT NULL, slot INTEGER NOT NULL, at_ms INTEGER NOT NULL, value REAL NOT NULL, labels TEXT NOT NULL,
  PRIMARY KEY (series_id, slot)
) WITHOUT ROWID;

CREATE TABLE log_journal (seq INTEGER PRIMARY KEY AUTOINCREMENT, data BLOB NOT NULL);
CREATE TABLE log_block (
  id INTEGER PRIMARY KEY, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, words BLOB NOT NULL, data BLOB NOT NULL
);
CREATE INDEX log_block_by_time ON log_block (to_ms, from_ms);
CREATE TABLE log_count (
  minute INTEGER NOT NULL, service TEXT NOT NULL, severity INTEGER NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (minute, service, severity)
) WITHOUT ROWID;

CREATE TABLE span_journal (seq INTEGER PRIMARY KEY AUTOINCREMENT, data BLOB NOT NULL);
CREATE TABLE span_block (id INTEGER PRIMARY KEY, words BLOB NOT NULL, data BLOB NOT NULL);
CREATE TABLE trace_part (
  id INTEGER PRIMARY KEY, trace_id BLOB NOT NULL, block_id INTEGER NOT NULL, at INTEGER NOT NULL, length INTEGER NOT NULL,
  start_ms REAL NOT NULL, end_ms REAL NOT NULL, root_name TEXT, root_service TEXT, services TEXT NOT NULL,
  errors INTEGER NOT NULL, spans INTEGER NOT NULL
);
CREATE INDEX trace_part_by_trace ON trace_part (trace_id);
CREATE INDEX trace_part_by_time ON trace_part (start_ms);
PRAGMA user_version = ${VERSION};
`;
/** Only written by who writes lines: files of before have none. */
const LOG_ORIGINS =
  'CREATE TABLE IF NOT EXISTS log_origin (source TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID';

export class DayDatabase {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  private constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Makes it where there is none. @throws DATA_DAMAGED, STORE_UNAVAILABLE */
  static openToWrite(path: string): DayDatabase {
    return open(path, () => {
      const db = new DatabaseSync(path);
      db.exec(`PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;
        PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA cache_size = -${CACHE_KB};
        PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA journal_size_limit = ${WAL_BYTES};`);
      const day = new DayDatabase(db);
      day.transaction(() => {
        if (day.#version() === 0) db.exec(TABLES);
        db.exec(LOG_ORIGINS);
      });
      return day.#checked(path);
    });
  }

  /** Undefined for one that is just being made. @throws DATA_DAMAGED, STORE_UNAVAILABLE */
  static openToRead(path: string): DayDatabase | undefined {
    return open(path, () => {
      const db = new DatabaseSync(path, { readOnly: true });
      db.exec(`PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA cache_size = -${CACHE_KB};`);
      const day = new DayDatabase(db);
      if (day.#version() !== 0) return day.#checked(path);
      day.close();
      return undefined;
    });
  }

  /** Prepared once. */
  prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** All or nothing. A read in it sees one moment. */
  transaction<T>(work: () => T): T {
    this.#db.exec('BEGIN');
    try {
      const result = work();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  /** Whether some journal has rows, or the file has pages that nothing lies in. */
  isUnfinished(): boolean {
    const { waiting } = this.#db
      .prepare(
        `SELECT EXISTS (SELECT 1 FROM sample_journal) OR EXISTS (SELECT 1 FROM log_journal)
          OR EXISTS (SELECT 1 FROM span_journal) AS waiting`,
      )
      .get()!;
    const { freelist_count: free } = this.#db.prepare('PRAGMA freelist_count').get()!;
    return waiting === 1 || free !== 0;
  }

  /** Gives pages that nothing lies in any more back to the disk. */
  shrink(): void {
    this.#db.exec('PRAGMA incremental_vacuum');
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  #version(): number {
    return this.#db.prepare('PRAGMA user_version').get()!.user_version as number;
  }

  #checked(path: string): this {
    const version = this.#version();
    if (version === VERSION) return this;
    this.close();
    const message = `${path} has version ${version} and this program reads version ${VERSION}`;
    throw new GoblinError('STORE_UNAVAILABLE', { message });
  }
}

function open<T extends DayDatabase | undefined>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storeError(error, path);
  }
}

/** What SQLite threw, as an error that names the file. */
export function storeError(error: unknown, path: string): GoblinError {
  if (error instanceof GoblinError) return error;
  const { errcode = 0, message } = error as { errcode?: number; message: string };
  const code = errcode & SQLITE_CODE_MASK;
  const isDamaged = code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
  return new GoblinError(isDamaged ? 'DATA_DAMAGED' : 'STORE_UNAVAILABLE', {
    message: `${path}: ${message}`,
    cause: error,
  });
}
