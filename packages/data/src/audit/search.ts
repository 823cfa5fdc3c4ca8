/** Finds entries of the audit trail, newest first, page by page; and gives them out as files, oldest first. */
import type { Queryable } from '../database/queryable.ts';
import { type Statement, sql } from '../database/sql.ts';
import { ENTRY_COLUMNS, type EntryRow } from './entry.ts';

const DEFAULT_PAGE = 100;
const MAX_PAGE = 1_000;

export interface AuditFilter {
  /** The role whose trail it is. Default: that of the connection. */
  readonly owner?: string;
  /** All trails that the connection may see. */
  readonly everyOwner?: boolean;
  readonly actor?: string;
  readonly tenant?: string;
  /** `payment.refunded`, or all that begin so: `payment.*` */
  readonly action?: string;
  readonly subject?: { readonly type: string; readonly id?: string };
  /** From then on. */
  readonly since?: Date;
  /** Before then. */
  readonly until?: Date;
  /** Stands in the subject's id, the reason, `before` or `after`, in upper or lower case. It reads every entry that matches the
   * rest of the filter. */
  readonly text?: string;
  /** The trace or the request that it was done in. */
  readonly traceId?: string;
  readonly requestId?: string;
}

export interface AuditEntry {
  readonly id: number;
  /** The role of the service that wrote it. */
  readonly owner: string;
  /** RFC 3339, in UTC, with microseconds. */
  readonly at: string;
  readonly action: string;
  readonly subject: { readonly type: string; readonly id: string };
  readonly actor: string | null;
  readonly tenant: string | null;
  /** Undefined where there was no value. */
  readonly before: unknown;
  readonly after: unknown;
  readonly reason: string | null;
  readonly traceId: string | null;
  readonly requestId: string | null;
  readonly address: string | null;
  /** Its number in the chain, and its link in hex; null while it is not chained. */
  readonly sequence: number | null;
  readonly hash: string | null;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  /** What to go on with by `after`; undefined when these were the last. */
  readonly next: number | undefined;
}

/** @example const { entries, next } = await searchAudit(db, { subject: { type: 'payment', id } }); */
export async function searchAudit(
  db: Queryable,
  filter: AuditFilter = {},
  page: { readonly limit?: number; readonly after?: number } = {},
): Promise<AuditPage> {
  const limit = Math.max(1, Math.min(page.limit ?? DEFAULT_PAGE, MAX_PAGE));
  const before = page.after === undefined ? sql`` : sql` and entry.id < ${page.after}`;
  const entries = await find(db, sql`${matches(filter)}${before} order by entry.id desc limit ${limit}`);
  return { entries, next: entries.length < limit ? undefined : entries.at(-1)!.id };
}

/** All entries that match, oldest first, read page by page. */
export async function* readAudit(db: Queryable, filter: AuditFilter = {}): AsyncGenerator<AuditEntry> {
  for (let last = 0; ; ) {
    const entries = await find(
      db,
      sql`${matches(filter)} and entry.id > ${last} order by entry.id limit ${DEFAULT_PAGE}`,
    );
    yield* entries;
    if (entries.length < DEFAULT_PAGE) return;
    last = entries.at(-1)!.id;
  }
}

type FoundRow = EntryRow & { readonly sequence: number | null; readonly hash: string | null };

async function find(db: Queryable, where: Statement): Promise<AuditEntry[]> {
  const rows = await db.many<FoundRow>(sql`
    select ${ENTRY_COLUMNS}, chain.sequence, encode(chain.hash, 'hex') as hash
    from goblin.audit_entry as entry left join goblin.audit_chain as chain on chain.entry = entry.id
    where ${where}`);
  return rows.map((row) => ({
    id: row.id,
    owner: row.owner,
    at: row.at,
    action: row.action,
    subject: { type: row.subject_type, id: row.subject_id },
    actor: row.actor,
    tenant: row.tenant,
    before: row.before === null ? undefined : JSON.parse(row.before),
    after: row.after === null ? undefined : JSON.parse(row.after),
    reason: row.reason,
    traceId: row.trace_id,
    requestId: row.request_id,
    address: row.address,
    sequence: row.sequence,
    hash: row.hash,
  }));
}

function matches(filter: AuditFilter): Statement {
  const { actor, tenant, action, subject, since, until, text, traceId, requestId } = filter;
  const parts = [ownerIs(filter)];
  if (actor !== undefined) parts.push(sql`entry.actor = ${actor}`);
  if (tenant !== undefined) parts.push(sql`entry.tenant = ${tenant}`);
  if (action?.endsWith('*')) parts.push(sql`entry.action like ${`${escaped(action.slice(0, -1))}%`}`);
  else if (action !== undefined) parts.push(sql`entry.action = ${action}`);
  if (subject) parts.push(sql`entry.subject_type = ${subject.type}`);
  if (subject?.id !== undefined) parts.push(sql`entry.subject_id = ${subject.id}`);
  if (since) parts.push(sql`entry.at >= ${since}`);
  if (until) parts.push(sql`entry.at < ${until}`);
  if (traceId !== undefined) parts.push(sql`entry.trace_id = ${traceId}`);
  if (requestId !== undefined) parts.push(sql`entry.request_id = ${requestId}`);
  if (text !== undefined) {
    const pattern = `%${escaped(text)}%`;
    parts.push(
      sql`concat_ws(E'\n', entry.subject_id, entry.reason, entry.before, entry.after) ilike ${pattern}`,
    );
  }
  return parts.reduce((all, part) => sql`${all} and ${part}`);
}

function ownerIs({ owner, everyOwner }: AuditFilter): Statement {
  if (owner !== undefined) return sql`entry.owner = ${owner}`;
  return everyOwner ? sql`true` : sql`entry.owner = session_user`;
}

/** Of a pattern of LIKE, what stands for itself. */
function escaped(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}
