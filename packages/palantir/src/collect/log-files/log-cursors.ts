/** How far each log was read, in the state database. A file is known by its inode and by its first line, which has times and numbers of
 * instances: the inode alone of a file that is gone is soon given to another. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { StateDatabase } from '../../state/state-database.ts';

const STEPS = [
  `CREATE TABLE log_file_cursor (
    folder TEXT NOT NULL,
    service TEXT NOT NULL,
    inode INTEGER NOT NULL,
    head TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (folder, service)
  ) STRICT, WITHOUT ROWID`,
  `DROP TABLE log_file_cursor;
  CREATE TABLE log_file_cursor (
    folder TEXT NOT NULL,
    service TEXT NOT NULL,
    source TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (folder, service)
  ) STRICT, WITHOUT ROWID`,
];
/** A longer first line is as good as its beginning. */
const HEAD_BYTES = 1_024;
const NEWLINE = 10;

export interface LogCursor {
  readonly service: string;
  /** Of the file; see sourceOf. */
  readonly source: string;
  /** Behind the last line that was kept. */
  readonly position: number;
}

export interface LogCursors {
  load(): Map<string, LogCursor>;
  save(cursors: readonly LogCursor[]): void;
}

export function logCursors(state: StateDatabase, folder: string): LogCursors {
  state.migrate('log files', STEPS);
  const all = state.db.prepare('SELECT service, source, position FROM log_file_cursor WHERE folder = ?');
  const put = state.db.prepare(
    'INSERT OR REPLACE INTO log_file_cursor (folder, service, source, position) VALUES (?, ?, ?, ?)',
  );
  return {
    load: () => {
      const rows = all.all(folder) as unknown as LogCursor[];
      return new Map(rows.map((row) => [row.service, row]));
    },
    save: (cursors) =>
      state.transaction(() => {
        for (const { service, source, position } of cursors) put.run(folder, service, source, position);
      }),
  };
}

/** By what a file is known for as long as it is there: the same whenever it is asked, once the file has a whole line or is over. */
export async function sourceOf(file: FileHandle, inode: number): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
  const head = buffer.subarray(0, bytesRead);
  const end = head.indexOf(NEWLINE);
  return createHash('sha256')
    .update(`${inode} `)
    .update(end < 0 ? head : head.subarray(0, end))
    .digest('base64url');
}
