/** Reads the audit trail of a service from its first entry on and says whether it is what was written. It finds an entry
 * that was changed, removed or put elsewhere, one that was slipped in, an end that was cut off, and a chain that was made
 * anew as a whole, because that contradicts what was signed. It names the first such place.
 *
 * What it can know ends with the last checkpoint: behind it (a minute, see chainer.ts) who can change the database can
 * take entries away or make their chain anew. Without a file of checkpoints nobody can know whether the end was cut, and
 * without a key whether the checkpoints are genuine; the report says what was at hand.
 *
 * It reads one moment of the database, page by page, in constant memory but for the checkpoints of the file (about 150
 * bytes each). */
import type { Database } from '../database/database.ts';
import type { Queryable } from '../database/queryable.ts';
import { sql } from '../database/sql.ts';
import { linkHash } from './chain.ts';
import { type Checkpoint, readCheckpointFile, readCheckpoints, signedText } from './checkpoint.ts';
import { type AuditDamage, Damaged } from './damage.ts';
import { digestOf, ENTRY_COLUMNS, type EntryRow } from './entry.ts';
import type { PublicKey } from './signing-key.ts';

/** With the largest entries 64 MB. */
const PAGE = 250;

export interface VerifyOptions {
  /** The role whose trail it is. Default: that of the connection. */
  readonly owner?: string;
  /** The first and the last number of the chain to look at. Default: all of it. */
  readonly from?: number;
  readonly to?: number;
  /** The public keys that checkpoints may be signed with. Without any, signatures are not looked at. */
  readonly keys?: readonly PublicKey[];
  /** The file of checkpoints that was kept outside of the database. */
  readonly checkpointsFile?: string;
  /** Is told how far it is, every few hundred entries. */
  readonly progress?: (verified: number) => void;
}

export interface AuditReport {
  readonly owner: string;
  /** The first place that is damaged; undefined when the trail is whole. */
  readonly damage: AuditDamage | undefined;
  /** How many entries were found in order. */
  readonly verified: number;
  /** The number of the last one of them. */
  readonly last: number;
  /** How many checkpoints, of the database and of the file, the chain agrees with. */
  readonly checkpoints: number;
  /** The number up to which the trail is signed by a known key; 0 where no key was given. */
  readonly signedTo: number;
  /** Entries that are too new to be chained. */
  readonly unchained: number;
}

/** @throws NOT_FOUND when there is no such file of checkpoints, and what statements throw. Damage is not an error: see
 * the report. */
export async function verifyAudit(db: Database, options: VerifyOptions = {}): Promise<AuditReport> {
  const owner = options.owner ?? (await db.one<{ role: string }>('select session_user as role')).role;
  const progress: Progress = { verified: 0, last: (options.from ?? 1) - 1, checkpoints: 0, signedTo: 0 };
  let unchained = 0;
  try {
    // Before the snapshot is taken: each of these is about what is in the database by now.
    const kept = await keptCheckpoints(owner, options);
    await db.transaction(
      async (tx) => {
        await walk(tx, owner, options, kept, progress);
        if (options.to !== undefined) return;
        unchained = await countUnchained(tx, owner);
      },
      { isolation: 'repeatable read' },
    );
    return { owner, ...progress, unchained, damage: undefined };
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    return { owner, ...progress, unchained, damage: error.damage };
  }
}

/** Whose trails there are, as far as the connection may see them. */
export async function auditOwners(db: Queryable): Promise<string[]> {
  const rows = await db.many<{ owner: string }>(`
    select owner from goblin.audit_entry group by owner
    union select owner from goblin.audit_chain group by owner
    union select owner from goblin.audit_checkpoint group by owner
    order by owner`);
  return rows.map(({ owner }) => owner);
}

interface Progress {
  verified: number;
  last: number;
  checkpoints: number;
  signedTo: number;
}

interface Link extends EntryRow {
  readonly sequence: number;
  /** The id of the entry, which may be gone. */
  readonly chained: number;
  readonly isGone: boolean;
  readonly digest: Buffer;
  readonly hash: Buffer;
}

async function walk(
  tx: Queryable,
  owner: string,
  options: VerifyOptions,
  kept: Map<number, string>,
  progress: Progress,
): Promise<void> {
  const { to = Number.MAX_SAFE_INTEGER } = options;
  let hash = progress.last === 0 ? undefined : await hashAt(tx, owner, progress.last);
  const inDatabase = readCheckpoints(tx, owner, progress.last);
  let next = (await inDatabase.next()).value;
  for await (const link of links(tx, owner, progress.last, to)) {
    checkLink(link, progress.last, hash);
    if (!digestOf(link).equals(link.digest)) throw await changed(tx, link);
    hash = link.hash;
    progress.verified++;
    progress.last = link.sequence;
    if (progress.verified % PAGE === 0) options.progress?.(progress.verified);
    const signed = [kept.get(link.sequence)];
    kept.delete(link.sequence);
    while (next && next.sequence <= link.sequence) {
      checkSignature(next, options.keys);
      signed.push(next.hash);
      next = (await inDatabase.next()).value;
    }
    for (const theirs of signed) if (theirs !== undefined) agree(link, theirs, options.keys, progress);
  }
  if (options.to !== undefined) return;
  const told = Math.max(next?.sequence ?? 0, ...kept.keys());
  if (told > progress.last) {
    throw new Damaged(
      'cut',
      `the chain ends at ${progress.last}, and a checkpoint says that it went to ${told}: its end was cut off`,
      progress.last + 1,
    );
  }
}

/** In order. */
async function* links(tx: Queryable, owner: string, after: number, to: number): AsyncGenerator<Link> {
  for (let last = after; ; ) {
    const page = await tx.many<Link>(sql`
      select chain.sequence, chain.entry as chained, entry.id is null as "isGone", chain.digest, chain.hash, ${ENTRY_COLUMNS}
      from goblin.audit_chain as chain left join goblin.audit_entry as entry on entry.id = chain.entry
      where chain.owner = ${owner} and chain.sequence > ${last} and chain.sequence <= ${to}
      order by chain.sequence limit ${PAGE}`);
    yield* page;
    if (page.length < PAGE) return;
    last = page.at(-1)!.sequence;
  }
}

function checkLink(link: Link, last: number, previous: Buffer | undefined): void {
  const { sequence, chained, owner, digest, hash } = link;
  const expected = last + 1;
  if (sequence !== expected) {
    const what =
      sequence === expected + 1 ? `link ${expected} is` : `links ${expected} to ${sequence - 1} are`;
    throw new Damaged('removed', `${what} gone from the chain`, expected);
  }
  if (link.isGone)
    throw new Damaged('removed', `entry ${chained}, which is number ${sequence}, is gone`, sequence, chained);
  if (linkHash(owner, sequence, digest, previous).equals(hash)) return;
  throw new Damaged(
    'reordered',
    `number ${sequence}, entry ${chained}, does not follow what stands before it: the order was changed, or the link`,
    sequence,
    chained,
  );
}

/** What was done to an entry that is not the one that was chained. */
async function changed(tx: Queryable, link: Link): Promise<Damaged> {
  const { sequence, chained, owner, action, at } = link;
  const elsewhere = await tx.many<{ sequence: number }>(sql`
    select sequence from goblin.audit_chain where owner = ${owner} and digest = ${digestOf(link)} limit 1`);
  const what = `number ${sequence}, entry ${chained} (${action} at ${at})`;
  return elsewhere[0]
    ? new Damaged('reordered', `${what}, belongs at number ${elsewhere[0].sequence}`, sequence, chained)
    : new Damaged('changed', `${what}, was changed after it was written`, sequence, chained);
}

function agree(
  link: Link,
  signedHash: string,
  keys: readonly PublicKey[] | undefined,
  progress: Progress,
): void {
  const { sequence, chained, hash } = link;
  if (hash.toString('hex') !== signedHash) {
    throw new Damaged(
      'rewritten',
      `the chain up to number ${sequence}, entry ${chained}, is not the one that was signed: something up to there was changed, and the chain made anew`,
      sequence,
      chained,
    );
  }
  progress.checkpoints++;
  if (keys) progress.signedTo = sequence;
}

/** The checkpoints of the file that are of this trail: numbers and hashes. */
async function keptCheckpoints(owner: string, options: VerifyOptions): Promise<Map<number, string>> {
  const { checkpointsFile, keys, from = 1, to = Number.MAX_SAFE_INTEGER } = options;
  const kept = new Map<number, string>();
  if (checkpointsFile === undefined) return kept;
  for await (const checkpoint of readCheckpointFile(checkpointsFile)) {
    if (checkpoint.owner !== owner || checkpoint.sequence < from || checkpoint.sequence > to) continue;
    checkSignature(checkpoint, keys);
    const { sequence, hash } = checkpoint;
    if ((kept.get(sequence) ?? hash) !== hash) {
      const message = `two checkpoints say different things about number ${sequence}: two chains were signed, as after a restore to an earlier moment`;
      throw new Damaged('rewritten', message, sequence);
    }
    kept.set(sequence, hash);
  }
  return kept;
}

function checkSignature(checkpoint: Checkpoint, keys: readonly PublicKey[] | undefined): void {
  if (!keys) return;
  const { sequence, key, signature } = checkpoint;
  const known = keys.find(({ id }) => id === key);
  if (known?.verifies(signedText(checkpoint), Buffer.from(signature, 'base64'))) return;
  const why = known
    ? 'its signature is wrong'
    : `it is signed by the key ${key}, which was not given: there are ${keys.map(({ id }) => id).join(', ')}`;
  throw new Damaged('forged', `the checkpoint at number ${sequence} proves nothing: ${why}`, sequence);
}

async function hashAt(tx: Queryable, owner: string, sequence: number): Promise<Buffer> {
  const link = await tx.maybeOne<{ hash: Buffer }>(
    sql`select hash from goblin.audit_chain where owner = ${owner} and sequence = ${sequence}`,
  );
  if (link) return link.hash;
  throw new Damaged('removed', `link ${sequence} is gone from the chain`, sequence);
}

/** How many entries came after the last one that is chained. One that came before it was slipped in. */
async function countUnchained(tx: Queryable, owner: string): Promise<number> {
  const { unchained, inserted } = await tx.one<{ unchained: number; inserted: number | null }>(sql`
    with last as (
      (select sequence, xid, entry from goblin.audit_chain where owner = ${owner} order by sequence desc limit 1)
      union all select 0, '0'::xid8, 0
      order by sequence desc limit 1
    )
    select count(*) as unchained, min(entry.id) filter (where (entry.xid, entry.id) < (last.xid, last.entry)) as inserted
    from goblin.audit_entry as entry, last
    where entry.owner = ${owner} and not exists (select from goblin.audit_chain where audit_chain.entry = entry.id)`);
  if (inserted === null) return unchained;
  const message = `entry ${inserted} is not in the chain, and stands before entries that are: it was slipped in`;
  throw new Damaged('inserted', message, undefined, inserted);
}
