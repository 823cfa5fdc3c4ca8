/** An entry as it is kept, and the one text that stands for it in the chain. */
import { createHash } from 'node:crypto';
import { type Statement, sql } from '../database/sql.ts';
import { canonicalJson } from './canonical-json.ts';

export interface EntryRow {
  readonly id: number;
  readonly owner: string;
  /** RFC 3339, in UTC, with microseconds. */
  readonly at: string;
  readonly action: string;
  readonly subject_type: string;
  readonly subject_id: string;
  readonly actor: string | null;
  readonly tenant: string | null;
  /** JSON as it is kept. */
  readonly before: string | null;
  readonly after: string | null;
  readonly reason: string | null;
  readonly trace_id: string | null;
  readonly request_id: string | null;
  readonly address: string | null;
}

/** Of `goblin.audit_entry as entry`. Exactly what is kept: a Date would lose microseconds, and parsed JSON its text. */
export const ENTRY_COLUMNS: Statement = sql`
  entry.id, entry.owner, to_char(entry.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, entry.action,
  entry.subject_type, entry.subject_id, entry.actor, entry.tenant, entry.before::text, entry.after::text, entry.reason,
  entry.trace_id, entry.request_id, entry.address`;

/** SHA-256 of the entry as canonical JSON (RFC 8785) with its columns as they are; `before` and `after` are strings in it,
 * so that not a byte of them can change. */
export function digestOf(row: EntryRow): Buffer {
  const { id, owner, at, action, subject_type, subject_id, actor, tenant } = row;
  const { before, after, reason, trace_id, request_id, address } = row;
  const text = canonicalJson({
    ...{ id, owner, at, action, subject_type, subject_id, actor, tenant },
    ...{ before, after, reason, trace_id, request_id, address },
  });
  return createHash('sha256').update(text).digest();
}
