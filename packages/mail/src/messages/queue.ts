/** Writes a mail down, with what sends it, in the caller's transaction. */
import { context, GoblinError, milliseconds } from '@goblin/core';
import { sql, type Transaction } from '@goblin/data';
import { type Address, type AddressInput, parseAddress } from '../addresses.ts';
import { deliver } from '../delivery/deliver-task.ts';
import { keepAttachments } from './attachments.ts';
import { checkQuietHours } from './quiet-hours.ts';
import type { SendRequest } from './request.ts';

/** To, cc and bcc together. */
export const MAX_RECIPIENTS = 50;
const MAX_KEY = 500;
const MAX_URL = 2_000;
const DEFAULT_EXPIRES_MS = 86_400_000;

/** Who a mail is from and to. */
export interface Parties {
  /** Absent: the mailer's. */
  readonly from?: Address;
  readonly to: readonly Address[];
  readonly cc: readonly Address[];
  readonly bcc: readonly Address[];
  readonly replyTo?: Address;
}

export interface NewMessage {
  readonly kind: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string | undefined;
}

export interface Queued {
  readonly id: number;
  /** False: the tenant had a mail of this kind with this key already, and it is that one. */
  readonly isNew: boolean;
}

/** @throws INVALID_INPUT, PAYLOAD_TOO_LARGE */
export async function queueMail(
  tx: Transaction,
  message: NewMessage,
  request: Omit<SendRequest<unknown>, 'data'>,
): Promise<Queued> {
  const { kind, subject, text, html } = message;
  const { key, policy = 'never-twice', quietHours, unsubscribe, expires } = request;
  if (!(key.length > 0 && key.length <= MAX_KEY))
    throw invalid(`the key of a mail has 1 to ${MAX_KEY} characters`);
  const parties = partiesOf(request);
  if (quietHours) checkQuietHours(quietHours);
  if (unsubscribe !== undefined) checkUnsubscribe(unsubscribe);
  const expiresMs = expires === undefined ? DEFAULT_EXPIRES_MS : milliseconds(expires);
  const tenant = context.tenant ?? null;
  const row = await tx.maybeOne<{ id: number }>(sql`
    insert into goblin_mail.message
      (kind, key, policy, parties, subject, text, html, unsubscribe, quiet_hours, expires_at, tenant)
    values (${kind}, ${key}, ${policy}, ${JSON.stringify(parties)}, ${subject}, ${text}, ${html ?? null},
      ${unsubscribe ?? null}, ${quietHours ? JSON.stringify(quietHours) : null},
      clock_timestamp() + ${expiresMs}::float8 * interval '1 millisecond', ${tenant})
    on conflict (owner, tenant, kind, key) do nothing
    returning id`);
  if (!row) {
    const known = await tx.one<{ id: number }>(sql`
      select id from goblin_mail.message
      where owner = current_user and tenant is not distinct from ${tenant} and kind = ${kind} and key = ${key}`);
    return { id: known.id, isNew: false };
  }
  if (request.attachments) await keepAttachments(tx, row.id, request.attachments);
  await deliver.enqueue(tx, { input: { message: row.id } });
  return { id: row.id, isNew: true };
}

function partiesOf(request: Omit<SendRequest<unknown>, 'data'>): Parties {
  const to = addresses(request.to);
  const cc = addresses(request.cc ?? []);
  const bcc = addresses(request.bcc ?? []);
  if (to.length === 0) throw invalid('a mail needs a recipient: say in `to` who gets it');
  const count = to.length + cc.length + bcc.length;
  if (count > MAX_RECIPIENTS)
    throw invalid(`${count} recipients of one mail are too many: ${MAX_RECIPIENTS} at most`);
  return {
    ...(request.from !== undefined && { from: parseAddress(request.from) }),
    to,
    cc,
    bcc,
    ...(request.replyTo !== undefined && { replyTo: parseAddress(request.replyTo) }),
  };
}

function addresses(given: AddressInput | readonly AddressInput[]): Address[] {
  return (Array.isArray(given) ? (given as readonly AddressInput[]) : [given as AddressInput]).map(
    parseAddress,
  );
}

function checkUnsubscribe(url: string): void {
  const valid =
    url.length <= MAX_URL && URL.canParse(url) && new URL(url).href === url && url.startsWith('https://');
  if (!valid)
    throw invalid(
      `unsubscribe is an https: URL of up to ${MAX_URL} characters, written as a browser would write it`,
    );
}

function invalid(message: string): GoblinError {
  return new GoblinError('INVALID_INPUT', { message });
}
