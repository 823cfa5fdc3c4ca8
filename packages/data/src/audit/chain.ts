/** Gives entries their places in the chain of their owner. Each link binds the entry and all that stands before it:
 *
 *     hash(n) = SHA-256({ "digest": …, "owner": …, "previous": hash(n - 1) or null, "sequence": n })   canonical JSON, hex
 *
 * So that writers do not wait for each other, this is done after their commits, by whichever process of the service has the
 * advisory lock. Order: by transaction and id, and only below the oldest transaction that still runs, because nothing new
 * can come there (events/subscribe.ts says more). A process that is killed here has done nothing: links are written in one
 * transaction.
 *
 * Limit, as with events: transaction ids belong to one cluster. A trail that is moved to another one by dump and restore
 * can be verified there and not gone on with; a physical backup keeps it whole. */
import { createHash } from 'node:crypto';
import type { Database } from '../database/database.ts';
import type { Queryable } from '../database/queryable.ts';
import { sql } from '../database/sql.ts';
import type { Transaction } from '../database/transaction.ts';
import { canonicalJson } from './canonical-json.ts';
import { digestOf, ENTRY_COLUMNS, type EntryRow } from './entry.ts';

/** With the largest entries 64 MB. */
const BATCH = 250;

const SETTLED = sql`entry.xid < pg_snapshot_xmin(pg_current_snapshot())`;
/** Of the own role, behind the last one that is chained. */
const AFTER_END = sql`
  entry.owner = session_user and (entry.xid, entry.id) > (
    select xid, entry from (
      (select sequence, xid, entry from goblin.audit_chain where owner = session_user order by sequence desc limit 1)
      union all select 0, '0'::xid8, 0
    ) as last order by sequence desc limit 1)`;

/** The end of a chain. */
export interface ChainEnd {
  readonly owner: string;
  readonly sequence: number;
  /** Undefined while nothing is chained. */
  readonly hash: Buffer | undefined;
}

export interface Unchained {
  /** Some can be chained now. */
  readonly ready: boolean;
  /** Some wait for an older transaction to end. */
  readonly soon: boolean;
  /** Age of the oldest of them; 0 where there is none. */
  readonly oldestSeconds: number;
}

/** Reads only: what is left to do for the own role. */
export function lookForUnchained(db: Queryable): Promise<Unchained> {
  return db.one<Unchained>(sql`
    select coalesce(bool_or(settled), false) as ready, coalesce(bool_or(not settled), false) as soon,
           coalesce(extract(epoch from clock_timestamp() - min(at)), 0)::float8 as "oldestSeconds"
    from (
      select ${SETTLED} as settled, at from goblin.audit_entry as entry
      where ${AFTER_END} order by entry.xid, entry.id limit 1
    ) as first`);
}

/** Chains some entries of the own role. Answers how many; undefined while another process is at it. */
export function chainSome(db: Database): Promise<number | undefined> {
  return db.transaction(async (tx) => {
    const { locked } = await tx.one<{ locked: boolean }>(
      sql`select pg_try_advisory_xact_lock(hashtextextended('goblin audit ' || session_user, 0)) as locked`,
    );
    if (!locked) return undefined;
    const start = await endOfChain(tx);
    const entries = await tx.many<EntryRow & { xid: string }>(sql`
      select entry.xid::text, ${ENTRY_COLUMNS} from goblin.audit_entry as entry
      where ${AFTER_END} and ${SETTLED} order by entry.xid, entry.id limit ${BATCH}`);
    await link(tx, start, entries);
    return entries.length;
  });
}

async function link(
  tx: Transaction,
  start: ChainEnd,
  entries: readonly (EntryRow & { xid: string })[],
): Promise<void> {
  let end = start;
  const digests: Buffer[] = [];
  const hashes: Buffer[] = [];
  const sequences: number[] = [];
  for (const entry of entries) {
    const digest = digestOf(entry);
    const sequence = end.sequence + 1;
    const hash = linkHash(entry.owner, sequence, digest, end.hash);
    digests.push(digest);
    hashes.push(hash);
    sequences.push(sequence);
    end = { owner: entry.owner, sequence, hash };
  }
  const ids = entries.map(({ id }) => id);
  const xids = entries.map(({ xid }) => xid);
  await tx.query(sql`
    insert into goblin.audit_chain (sequence, entry, xid, digest, hash)
    select * from unnest(${sequences}::bigint[], ${ids}::bigint[], ${xids}::xid8[], ${digests}::bytea[],
                         ${hashes}::bytea[])`);
}

/** Of the own role. */
export async function endOfChain(db: Queryable): Promise<ChainEnd> {
  const end = await db.one<{ owner: string; sequence: number | null; hash: Buffer | null }>(sql`
    select session_user as owner, sequence, hash
    from (select) as always
    left join (
      select sequence, hash from goblin.audit_chain where owner = session_user order by sequence desc limit 1
    ) as last on true`);
  return { owner: end.owner, sequence: end.sequence ?? 0, hash: end.hash ?? undefined };
}

export function linkHash(
  owner: string,
  sequence: number,
  digest: Buffer,
  previous: Buffer | undefined,
): Buffer {
  const text = canonicalJson({
    digest: digest.toString('hex'),
    owner,
    previous: previous?.toString('hex') ?? null,
    sequence,
  });
  return createHash('sha256').update(text).digest();
}
