/** Checkpoints: signed words about where a chain stands. Who can change the database could also make the chain anew, all of
 * it; but not sign it. And who cuts its end off can cut the checkpoints in the database too; so each is written to a
 * file as well, a line of JSON, outside of the database, and to the log.
 *
 * What is signed: { "at": …, "hash": hex, "key": id, "owner": …, "sequence": …, "type": "goblin-audit-checkpoint-1" } as
 * canonical JSON. */
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { GoblinError, systemClock } from '@goblin/core';
import type { Queryable } from '../database/queryable.ts';
import { sql } from '../database/sql.ts';
import { canonicalJson } from './canonical-json.ts';
import type { SigningKey } from './signing-key.ts';

const TYPE = 'goblin-audit-checkpoint-1';
const PAGE = 1_000;

export interface Checkpoint {
  readonly owner: string;
  readonly sequence: number;
  /** Of the link with this number, in hex. */
  readonly hash: string;
  /** RFC 3339. */
  readonly at: string;
  /** The id of the key. */
  readonly key: string;
  /** Ed25519, in base64. */
  readonly signature: string;
}

export function signCheckpoint(key: SigningKey, owner: string, sequence: number, hash: Buffer): Checkpoint {
  const unsigned = {
    owner,
    sequence,
    hash: hash.toString('hex'),
    at: new Date(systemClock.wall()).toISOString(),
    key: key.publicKey.id,
  };
  return { ...unsigned, signature: key.sign(signedText(unsigned)).toString('base64') };
}

/** The text that the signature is of. */
export function signedText({ owner, sequence, hash, at, key }: Omit<Checkpoint, 'signature'>): string {
  return canonicalJson({ at, hash, key, owner, sequence, type: TYPE });
}

/** Keeps it in the database, of the own role; another process may have kept one for the same place. */
export async function insertCheckpoint(db: Queryable, checkpoint: Checkpoint): Promise<void> {
  const { sequence, hash, at, key, signature } = checkpoint;
  await db.query(sql`
    insert into goblin.audit_checkpoint (sequence, hash, at, key, signature)
    values (${sequence}, ${Buffer.from(hash, 'hex')}, ${at}, ${key}, ${Buffer.from(signature, 'base64')})
    on conflict do nothing`);
}

/** The newest one of the own role, and how long ago it was made; undefined where there is none. */
export function lastCheckpoint(
  db: Queryable,
): Promise<{ readonly sequence: number; readonly ageMs: number } | undefined> {
  return db.maybeOne(sql`
    select sequence, extract(epoch from clock_timestamp() - at::timestamptz)::float8 * 1000 as "ageMs"
    from goblin.audit_checkpoint where owner = session_user order by sequence desc limit 1`);
}

/** The checkpoints in the database behind a place, in order. */
export async function* readCheckpoints(
  db: Queryable,
  owner: string,
  after: number,
): AsyncGenerator<Checkpoint> {
  for (let last = after; ; ) {
    const page = await db.many<Checkpoint>(sql`
      select owner, sequence, encode(hash, 'hex') as hash, at, key, encode(signature, 'base64') as signature
      from goblin.audit_checkpoint where owner = ${owner} and sequence > ${last} order by sequence limit ${PAGE}`);
    yield* page;
    if (page.length < PAGE) return;
    last = page.at(-1)!.sequence;
  }
}

/** Adds a line to the file and waits until it is on the disk. */
export async function appendCheckpoint(file: string, checkpoint: Checkpoint): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const handle = await open(file, 'a', 0o600);
  try {
    // The first line break ends what a crash may have cut.
    await handle.write(`\n${JSON.stringify(checkpoint)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The checkpoints of a file, which any number of services may have written; a line that was cut by a crash is passed
 * over. @throws NOT_FOUND when there is no such file */
export async function* readCheckpointFile(file: string): AsyncGenerator<Checkpoint> {
  const handle = await open(file).catch((cause) => {
    throw new GoblinError('NOT_FOUND', {
      message: `the checkpoints of the audit trail in ${file} cannot be read: ${cause.message}`,
      cause,
    });
  });
  // Closes the file at its end, or when nobody reads on.
  for await (const line of handle.readLines()) {
    const checkpoint = checkpointOf(line);
    if (checkpoint) yield checkpoint;
  }
}

function checkpointOf(line: string): Checkpoint | undefined {
  try {
    const { owner, sequence, hash, at, key, signature } = JSON.parse(line) as Checkpoint;
    const isWhole =
      [owner, hash, at, key, signature].every((text) => typeof text === 'string') &&
      Number.isSafeInteger(sequence);
    return isWhole ? { owner, sequence, hash, at, key, signature } : undefined;
  } catch {
    return undefined;
  }
}
