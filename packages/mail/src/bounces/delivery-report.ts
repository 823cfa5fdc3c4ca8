/** Reads the reports that mail servers send back to the sender when they could not deliver (RFC 3464, delivery status
 * notifications). Only what is needed: which mail (by the Message-ID in the part that returns it), which recipient, and
 * whether it failed for good.
 *
 * Anybody can write such a report. One counts only if it names a mail that this service has sent, and a recipient of it;
 * everything else is left aside. It is read as lines, never as MIME trees, and no further than MAX_REPORT_BYTES. */
import { type Database, sql } from '@goblin/data';
import { normalised } from '../addresses.ts';
import type { Parties } from '../messages/queue.ts';
import { isGone } from '../routes/smtp-errors.ts';
import { keepReport } from './report.ts';

export const MAX_REPORT_BYTES = 262_144;
const MAX_RECIPIENTS = 50;

export interface DeliveryReport {
  /** With its angle brackets. */
  readonly messageId: string;
  readonly recipients: readonly ReportedRecipient[];
}

export interface ReportedRecipient {
  readonly address: string;
  readonly action: 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';
  /** `5.1.1` */
  readonly status: string;
}

/** Undefined when it is not a report, or does not say of which mail. */
export function parseDeliveryReport(raw: Uint8Array): DeliveryReport | undefined {
  const text = Buffer.from(raw.subarray(0, MAX_REPORT_BYTES)).toString('latin1');
  if (!/^content-type:\s*multipart\/report\b/im.test(text)) return undefined;
  const status = text.search(/^content-type:\s*message\/delivery-status\b/im);
  if (status === -1) return undefined;
  const returned = text
    .slice(status)
    .search(/^content-type:\s*(?:message\/rfc822|text\/rfc822-headers|message\/global)/im);
  if (returned === -1) return undefined;
  const messageId = /^message-id:\s*(<[^<>\s]{1,500}>)/im.exec(text.slice(status + returned))?.[1];
  if (messageId === undefined) return undefined;
  const recipients = text
    .slice(status, status + returned)
    .split(/\r?\n[ \t]*\r?\n/)
    .flatMap(recipientOf)
    .slice(0, MAX_RECIPIENTS);
  return recipients.length > 0 ? { messageId, recipients } : undefined;
}

/** RFC 3464 §2.3: the fields of one recipient. */
function recipientOf(block: string): ReportedRecipient[] {
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}:[ \\t]*(.{1,1000})$`, 'im').exec(block)?.[1]?.trim();
  const address = /^rfc822;\s*<?([^\s<>]{3,254})>?$/i.exec(
    field('final-recipient') ?? field('original-recipient') ?? '',
  )?.[1];
  const action = /^(failed|delayed|delivered|relayed|expanded)\b/i
    .exec(field('action') ?? '')?.[1]
    ?.toLowerCase();
  const status = /^([245]\.\d{1,3}\.\d{1,3})\b/.exec(field('status') ?? '')?.[1];
  if (address === undefined || action === undefined || status === undefined) return [];
  return [{ address, action: action as ReportedRecipient['action'], status }];
}

/** Takes a report that came back by mail, as its bytes; answers how many recipients it told something about. */
export async function receiveDeliveryReport(db: Database, raw: Uint8Array): Promise<number> {
  const report = parseDeliveryReport(raw);
  if (!report) return 0;
  const message = await db.maybeOne<{ id: number; parties: Parties }>(sql`
    select id, parties from goblin_mail.message
    where owner = current_user and message_id = ${report.messageId} order by id desc limit 1`);
  if (!message) return 0;
  const { to, cc, bcc } = message.parties;
  const known = new Set([...to, ...cc, ...bcc].map(({ address }) => normalised(address)));
  const told = report.recipients.filter(
    ({ address, action }) =>
      known.has(normalised(address)) && (action === 'failed' || action === 'delivered'),
  );
  for (const { address, action, status } of told) {
    await keepReport(db, message.id, {
      what: action === 'failed' ? 'bounced' : 'delivered',
      address,
      gone: action === 'failed' && isGone(`550 ${status} reported`),
      detail: `${action} ${status}`,
    });
  }
  return told.length;
}
