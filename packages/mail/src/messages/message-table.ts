/** The rows of mails, and the only ways in which their state changes. Each change says from which state and, once it was
 * handed over, in which handover: of two processes that meet at one mail only one gets on, and a late answer counts
 * for its own handover alone. */
import { type Database, type Queryable, sql } from '@goblin/data';
import type { Parties } from './queue.ts';
import type { QuietHours } from './quiet-hours.ts';
import type { Policy } from './request.ts';

export type MessageState = 'queued' | 'sending' | 'unknown' | 'sent' | 'failed' | 'suppressed';

/** Attempts of a mail that are remembered. */
const MAX_ATTEMPTS_KEPT = 20;
const MAX_ANSWER = 500;

export interface AttemptRecord {
  /** ISO 8601. */
  readonly at: string;
  readonly route: string;
  readonly outcome: string;
  /** What the server said, or what went wrong. */
  readonly answer: string;
}

/** A mail without what is in it. */
export interface MessageSummary {
  readonly id: number;
  readonly owner: string;
  readonly kind: string;
  readonly key: string;
  readonly state: MessageState;
  readonly policy: Policy;
  readonly parties: Parties;
  readonly subject: string;
  readonly unsubscribe: string | null;
  readonly quietHours: QuietHours | null;
  readonly createdAt: Date;
  readonly expired: boolean;
  readonly handovers: number;
  readonly route: string | null;
  readonly messageId: string | null;
  readonly providerId: string | null;
  readonly handedOverAt: Date | null;
  readonly settledAt: Date | null;
  readonly deliveredAt: Date | null;
  readonly bouncedAt: Date | null;
  readonly attempts: readonly AttemptRecord[];
  readonly resentFrom: number | null;
  readonly tenant: string | null;
}

export interface Message extends MessageSummary {
  readonly text: string;
  readonly html: string | null;
}

export const SUMMARY = `id, owner, kind, key, state, policy, parties, subject, unsubscribe,
  quiet_hours as "quietHours", created_at as "createdAt", expires_at < clock_timestamp() as expired, handovers, route,
  message_id as "messageId", provider_id as "providerId", handed_over_at as "handedOverAt", settled_at as "settledAt",
  delivered_at as "deliveredAt", bounced_at as "bouncedAt", attempts, resent_from as "resentFrom", tenant`;
const COLUMNS = `${SUMMARY}, text, html`;

export function findMessage(at: Queryable, id: number): Promise<Message | undefined> {
  return at.maybeOne<Message>(
    `select ${COLUMNS} from goblin_mail.message where id = $1 and owner = current_user`,
    [id],
  );
}

/** Which handover of which mail: what a route was given. */
export interface Handover {
  readonly id: number;
  readonly number: number;
}

/** Marks it `sending`, before the first byte of its content leaves: from here on only an answer says what became of it.
 * Undefined when it is not `queued` any more. */
export async function beginHandover(
  db: Database,
  id: number,
  route: string,
  messageId: string,
): Promise<Handover | undefined> {
  const row = await db.maybeOne<{ handovers: number }>(sql`
    update goblin_mail.message
    set state = 'sending', route = ${route}, message_id = ${messageId}, handovers = handovers + 1,
        handed_over_at = clock_timestamp()
    where id = ${id} and owner = current_user and state = 'queued'
    returning handovers`);
  return row && { id, number: row.handovers };
}

/** Ends a handover. Answers in which state it found the mail: `sending`, or `unknown` if it was given up meanwhile;
 * undefined when it had nothing to say any more. */
export async function endHandover(
  at: Queryable,
  { id, number }: Handover,
  state: 'queued' | 'sent' | 'failed' | 'unknown',
  record: AttemptRecord,
  providerId?: string,
): Promise<'sending' | 'unknown' | undefined> {
  const row = await at.maybeOne<{ before: 'sending' | 'unknown' }>(sql`
    with before as (
      select id, state from goblin_mail.message
      where id = ${id} and owner = current_user and handovers = ${number} and state in ('sending', 'unknown')
      for update)
    update goblin_mail.message as message
    set state = ${state}, provider_id = coalesce(${providerId ?? null}, provider_id),
        settled_at = case when ${state} in ('sent', 'failed') then clock_timestamp() end,
        attempts = ${appended(record)}
    from before where message.id = before.id
    returning before.state as before`);
  return row?.before;
}

/** Settles a mail that is queued, without a handover. */
export async function settleQueued(
  at: Queryable,
  id: number,
  state: 'failed' | 'suppressed',
  record: AttemptRecord,
): Promise<void> {
  await at.query(sql`
    update goblin_mail.message as message
    set state = ${state}, settled_at = clock_timestamp(), attempts = ${appended(record)}
    where id = ${id} and owner = current_user and state = 'queued'`);
}

/** Notes an attempt that ended before anything was handed over. */
export async function noteAttempt(at: Queryable, id: number, record: AttemptRecord): Promise<void> {
  await at.query(sql`
    update goblin_mail.message as message set attempts = ${appended(record)}
    where id = ${id} and owner = current_user and state = 'queued'`);
}

/** Decides what became of an unknown one: `sent`, or `queued` to be sent (again). False: it is not unknown. */
export async function resolveUnknown(
  at: Queryable,
  id: number,
  state: 'sent' | 'queued',
  record: AttemptRecord,
): Promise<boolean> {
  const { count } = await at.query(sql`
    update goblin_mail.message as message
    set state = ${state}, settled_at = case when ${state} = 'sent' then clock_timestamp() end,
        expires_at = greatest(expires_at, clock_timestamp() + interval '1 hour'), attempts = ${appended(record)}
    where id = ${id} and owner = current_user and state = 'unknown'`);
  return count === 1;
}

export function attemptRecord(route: string, outcome: string, answer: string, wallMs: number): AttemptRecord {
  return { at: new Date(wallMs).toISOString(), route, outcome, answer: answer.slice(0, MAX_ANSWER) };
}

function appended(record: AttemptRecord): ReturnType<typeof sql> {
  return sql`(
    select coalesce(jsonb_agg(item order by place), '[]')
    from jsonb_array_elements(message.attempts || ${JSON.stringify([record])}::jsonb) with ordinality as each (item, place)
    where place > jsonb_array_length(message.attempts) + 1 - ${MAX_ATTEMPTS_KEPT}::integer)`;
}
