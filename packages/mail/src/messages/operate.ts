/** For those who operate: see mails, send one again, decide what became of an unknown one. All of it is about the mails of the
 * database's own role. */
import { context, GoblinError, systemClock } from '@goblin/core';
import { type Database, sql } from '@goblin/data';
import { deliver } from '../delivery/deliver-task.ts';
import {
  attemptRecord,
  COLUMNS,
  findMessage,
  type Message,
  type MessageState,
  resolveUnknown,
} from './message-table.ts';

const DEFAULT_LISTED = 50;
const MAX_LISTED = 500;

export interface MailFilter {
  readonly state?: MessageState;
  readonly kind?: string;
  /** One of its recipients, exactly. */
  readonly recipient?: string;
  readonly messageId?: string;
}

/** The mails that match, newest first, from before an id on. */
export function listMails(
  db: Database,
  filter: MailFilter = {},
  page: { readonly limit?: number; readonly before?: number } = {},
): Promise<Message[]> {
  const { state, kind, recipient, messageId } = filter;
  const { limit = DEFAULT_LISTED, before } = page;
  return db.many<Message>(
    `select ${COLUMNS} from goblin_mail.message
     where owner = current_user and ($1::text is null or state = $1) and ($2::text is null or kind = $2)
       and ($3::text is null
            or exists (select from jsonb_path_query(parties, '$.*[*].address') as one where lower(one #>> '{}') = lower($3)))
       and ($4::text is null or message_id = $4) and ($5::bigint is null or id < $5)
     order by id desc limit $6`,
    [
      state ?? null,
      kind ?? null,
      recipient ?? null,
      messageId ?? null,
      before ?? null,
      Math.min(limit, MAX_LISTED),
    ],
  );
}

/** @throws NOT_FOUND */
export async function getMail(db: Database, id: number): Promise<Message> {
  const message = await findMessage(db, id);
  if (message) return message;
  throw new GoblinError('NOT_FOUND', { message: `there is no mail ${id}` });
}

/** Sends a mail once more, as a new one with a new Message-ID: for one that was sent and did not arrive, or that failed.
 * Answers the id of the new one. @throws NOT_FOUND; FAILED_PRECONDITION while the old one is not settled */
export async function resendMail(db: Database, id: number): Promise<number> {
  return db.transaction(async (tx) => {
    const old = await tx.maybeOne<{ state: MessageState }>(
      sql`select state from goblin_mail.message where id = ${id} and owner = current_user for update`,
    );
    if (!old) throw new GoblinError('NOT_FOUND', { message: `there is no mail ${id}` });
    if (old.state === 'unknown')
      throw new GoblinError('FAILED_PRECONDITION', {
        message: `whether the mail ${id} was sent is not known: resolve it instead, as not sent`,
      });
    if (old.state === 'queued' || old.state === 'sending')
      throw new GoblinError('FAILED_PRECONDITION', { message: `the mail ${id} is on its way` });
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
  });
}

/** Says what became of an unknown mail. `not-sent` sends it (again), so be sure.
 * @throws FAILED_PRECONDITION when it is not unknown */
export async function resolveMail(
  db: Database,
  id: number,
  as: 'sent' | 'not-sent',
  why: string,
): Promise<void> {
  await db.transaction(async (tx) => {
    const by = context.actor ? `${context.actor}: ${why}` : why;
    const record = attemptRecord('', 'resolved', `${as}, says ${by}`, systemClock.wall());
    if (!(await resolveUnknown(tx, id, as === 'sent' ? 'sent' : 'queued', record)))
      throw new GoblinError('FAILED_PRECONDITION', { message: `the mail ${id} is not an unknown one` });
    if (as === 'not-sent') await deliver.enqueue(tx, { input: { message: id } });
  });
}
