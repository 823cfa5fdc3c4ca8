/** A sink that keeps notices in the state database, as what delivers them does. */
import type { StateDatabase } from '../../state/state-database.ts';
import type { NoticeSink } from '../alert.ts';

export function noticeTable(state: StateDatabase): NoticeSink {
  state.migrate('test-notices', [
    'CREATE TABLE notice (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER, reason TEXT, service TEXT) STRICT',
  ]);
  const insert = state.db.prepare('INSERT INTO notice (at_ms, reason, service) VALUES (?, ?, ?)');
  return { accept: ({ atMs, reason, service }) => void insert.run(atMs, reason, service) };
}

export interface KeptNotice {
  readonly reason: string;
  readonly service: string;
  readonly atMs: number;
}

export function noticesOf(state: StateDatabase): KeptNotice[] {
  return state.db
    .prepare('SELECT at_ms, reason, service FROM notice ORDER BY id')
    .all()
    .map((row) => ({ atMs: Number(row.at_ms), reason: String(row.reason), service: String(row.service) }));
}
