/** Keeps changes in the state database, for KEPT_MS and MAX_KEPT at most: who logs changes without end loses the oldest. */
import { GoblinError } from '@goblin/core';
import type { StateDatabase } from '../state/state-database.ts';
import type { Change, ChangeLog } from './change.ts';

const KEPT_MS = 400 * 86_400_000;
const MAX_KEPT = 100_000;
export const MAX_TEXT = 2_000;
const MAX_LISTED = 1_000;

const STEPS = [
  `CREATE TABLE change (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, kind TEXT NOT NULL, service TEXT, title TEXT NOT NULL,
    detail TEXT, author TEXT
  ) STRICT;
  CREATE INDEX change_at ON change (at_ms)`,
];

interface Row {
  readonly id: number;
  readonly at_ms: number;
  readonly kind: string;
  readonly service: string | null;
  readonly title: string;
  readonly detail: string | null;
  readonly author: string | null;
}

export function createChangeLog(state: StateDatabase): ChangeLog {
  state.migrate('changes', STEPS);
  const { db } = state;
  const insert = db.prepare(
    'INSERT INTO change (at_ms, kind, service, title, detail, author) VALUES (?, ?, ?, ?, ?, ?) RETURNING id',
  );
  const forget = db.prepare('DELETE FROM change WHERE at_ms < ? OR id <= ?');
  const select = db.prepare(
    'SELECT * FROM change WHERE at_ms BETWEEN ? AND ? AND (? IS NULL OR service = ?) ORDER BY at_ms DESC, id DESC LIMIT ?',
  );

  return {
    add(change) {
      for (const text of [change.title, change.detail, change.author, change.service]) {
        if (text !== undefined && text.length > MAX_TEXT)
          throw new GoblinError('INVALID_INPUT', {
            message: `a text of a change has at most ${MAX_TEXT} characters`,
          });
      }
      const { atMs, kind, service = null, title, detail = null, author = null } = change;
      return state.transaction(() => {
        const row = insert.get(Math.round(atMs), kind, service, title, detail, author);
        const id = Number(row!.id);
        forget.run(atMs - KEPT_MS, id - MAX_KEPT);
        return { ...change, id };
      });
    },
    list({ fromMs, toMs, service = null, limit = MAX_LISTED }) {
      const rows = select.all(fromMs, toMs, service, service, Math.min(limit, MAX_LISTED));
      return (rows as unknown as Row[]).map(changeOf);
    },
  };
}

function changeOf({ id, at_ms, kind, service, title, detail, author }: Row): Change {
  return {
    id,
    atMs: at_ms,
    kind: kind as Change['kind'],
    title,
    ...(service !== null && { service }),
    ...(detail !== null && { detail }),
    ...(author !== null && { author }),
  };
}
