/** For those who operate: see mails, send one again, decide what became of an unknown one. All of it is about the mails of the
 * database's own role. */
import { context, GoblinError, systemClock } from '@goblin/core';
import { type Database, sql, type Transaction } from '@goblin/data';
import { deliver } from '../delivery/deliver-task.ts';
import {
  attemptRecord,
  findMessage,
  type Message,
  type MessageState,
  type MessageSummary,
  resolveUnknown,
  SUMMARY,
} from './message-table.ts';

const DEFAULT_LISTED = 50;
const MAX_LISTED = 500;

export interface MailFilter {
  readonly state?: MessageState;
  readonly kind?: string;
  readonly key?: string;
  /** One of its recipients, exactly. There is no index for it: with `since` less is read. */
  readonly recipient?: string;
  readonly messageId?: string;
  readonly tenant?: string;
  /** Written then or later. */
  readonly since?: Date;
}

/** The mails that match, newest first, from before an id on. */
export function listMails(
  db: Database,
  filter: MailFilter = {},
  page: { readonly limit?: number; readonly before?: number } = {},
): Promise<MessageSummary[]> {
  const { state, kind, key, recipient, messageId, tenant, since } = filter;
  const { limit = DEFAULT_LISTED, before } = page;
  return db.many<MessageSummary>(
    `select ${SUMMARY} from goblin_mail.message
     where owner = current_user and ($1::text is null or state = $1) and ($2::text is null or kind = $2)
       and ($3::text is null or key = $3)
       and ($4::text is null
            or exists (select from jsonb_path_query(parties, '$.*[*].address') as one where lower(one #>> '{}') = lower($4)))
       and ($5::text is null or message_id = $5) and ($6::text is null or tenant = $6)
       and ($7::timestamptz is null or created_at >= $7) and ($8::bigint is null or id < $8)
     order by id desc limit $9`,
    [
      ...[state, kind, key, recipient, messageId, tenant, since, before].map((value) => value ?? null),
      Math.min(limit, MAX_LISTED),
    ],
  );
}

/** @throws NOT_FOUND */
export async function getMail(db: Database, id: number): Promise<Message> {
  const message = await findMessage(db, id);
  if (message) return message;
  throw notFound(id);
}

export interface ResendOptions {
  /** Also one of which nobody knows whether it was sent, although its recipients may then get it twice. */
  readonly twice?: boolean;
}

/** Sends a mail once more. One that was sent and did not arrive, or that failed, is copied into a new one with a new
 * Message-ID, and the answer is the new id. One that is unknown goes out again itself, by `twice` only, and keeps its
 * Message-ID, by which some servers recognise it.
 * @throws NOT_FOUND; FAILED_PRECONDITION while it is on its way, and when it is unknown */
export async function resendMail(db: Database, id: number, options: ResendOptions = {}): Promise<number> {
  return db.transaction(async (tx) => {
    const old = await tx.maybeOne<{ state: MessageState }>(
      sql`select state from goblin_mail.message where id = ${id} and owner = current_user for update`,
    );
    if (!old) throw notFound(id);
    if (old.state === 'queued' || old.state === 'sending')
      throw new GoblinError('FAILED_PRECONDITION', { message: `the mail ${id} is on its way` });
    if (old.state !== 'unknown') return copyMail(tx, id);
    if (!options.twice)
      throw new GoblinError('FAILED_PRECONDITION', {
        message: `the mail ${id} may have been sent, and is never to be sent twice: resolve it first, or allow that it arrives twice`,
      });
    await decide(tx, id, 'queued', by('sent again, although it may have been sent'));
    return id;
  });
}

async function copyMail(tx: Transaction, id: number): Promise<number> {
  const { id: copy } = await tx.one<{ id: number }>(sql`
    insert into goblin_mail.message
      (kind, key, policy, parties, subject, text, html, unsubscribe, quiet_hours, expires_at, tenant, resent_from)
    select kind,
      key || '#' || 2 + (
        select count(*) from goblin_mail.message as sibling
        where sibling.owner = current_user and sibling.resent_from = ${id}),
      policy, parties, subject, text, html, unsubscribe, quiet_hours,
      clock_timestamp() + (expires_at - created_at), tenant, id
    from goblin_mail.message where id = ${id}
    returning id`);
  await tx.query(sql`
    insert into goblin_mail.attachment (message, place, filename, content_type, content_id, size)
    select ${copy}, place, filename, content_type, content_id, size from goblin_mail.attachment where message = ${id}`);
  await tx.query(sql`
    insert into goblin_mail.attachment_piece (message, place, piece, bytes)
    select ${copy}, place, piece, bytes from goblin_mail.attachment_piece where message = ${id}`);
  await deliver.enqueue(tx, { input: { message: copy } });
  return copy;
}

/** Says what became of an unknown mail. `not-sent` sends it (again), so be sure.
 * @throws FAILED_PRECONDITION when it is not unknown */
export async function resolveMail(
  db: Database,
  id: number,
  as: 'sent' | 'not-sent',
  why: string,
): Promise<void> {
  await db.transaction((tx) => decide(tx, id, as === 'sent' ? 'sent' : 'queued', `${as}, says ${by(why)}`));
}

async function decide(tx: Transaction, id: number, state: 'sent' | 'queued', answer: string): Promise<void> {
  const record = attemptRecord('', 'resolved', answer, systemClock.wall());
  if (!(await resolveUnknown(tx, id, state, record)))
    throw new GoblinError('FAILED_PRECONDITION', { message: `the mail ${id} is not an unknown one` });
  if (state === 'queued') await deliver.enqueue(tx, { input: { message: id } });
}

function by(why: string): string {
  return context.actor ? `${context.actor}: ${why}` : why;
}

function notFound(id: number): GoblinError {
  return new GoblinError('NOT_FOUND', { message: `there is no mail ${id}` });
}
