/** How far each log was read, in the state database. A file is known by its inode and by how it begins, because the inode of a file
 * that is gone is soon given to another. */
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
];
/** So much of a file's beginning tells it from others: its first lines have times and numbers of instances. */
const HEAD_BYTES = 1_024;

export interface LogCursor {
  readonly service: string;
  readonly inode: number;
  /** Of the first HEAD_BYTES of the file, or of what was read where that is less. */
  readonly head: string;
  /** Behind the last line that was kept. */
  readonly position: number;
}

export interface LogCursors {
  load(): Map<string, LogCursor>;
  save(cursors: readonly LogCursor[]): void;
}

export function logCursors(state: StateDatabase, folder: string): LogCursors {
  state.migrate('log files', STEPS);
  const all = state.db.prepare('SELECT service, inode, head, position FROM log_file_cursor WHERE folder = ?');
  const put = state.db.prepare(
    'INSERT OR REPLACE INTO log_file_cursor (folder, service, inode, head, position) VALUES (?, ?, ?, ?, ?)',
  );
  return {
    load: () => {
      const rows = all.all(folder) as unknown as LogCursor[];
      return new Map(rows.map((row) => [row.service, row]));
    },
    save: (cursors) =>
      state.transaction(() => {
        for (const { service, inode, head, position } of cursors)
          put.run(folder, service, inode, head, position);
      }),
  };
}

/** How a file begins, as far as `position`. */
export async function headOf(file: FileHandle, position: number): Promise<string> {
  const length = Math.min(position, HEAD_BYTES);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
  return createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('base64url');
}
