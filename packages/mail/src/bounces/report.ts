/** What is told of a mail after it was sent: delivered, bounced, complained about, unsubscribed. Whatever is told also says that it was
 * sent, so it resolves unknown ones. */
import { systemClock } from '@goblin/core';
import { type Database, type Queryable, sql } from '@goblin/data';
import { attemptRecord, resolveUnknown } from '../messages/message-table.ts';
import { type SuppressionReason, suppress } from '../messages/suppression-list.ts';

export interface Report {
  readonly what: 'delivered' | 'bounced' | 'complained' | 'unsubscribed';
  /** Of the mailbox it is about. */
  readonly address: string;
  /** It is to get no more mail. */
  readonly gone: boolean;
  /** What the other side said. */
  readonly detail: string;
}

const REASONS: Readonly<Partial<Record<Report['what'], SuppressionReason>>> = {
  bounced: 'bounce',
  complained: 'complaint',
  unsubscribed: 'unsubscribe',
};

/** @param message which mail it is about, where that is known. */
export async function keepReport(db: Database, message: number | undefined, report: Report): Promise<void> {
  const { what, address, gone, detail } = report;
  const reason = REASONS[what];
  await db.transaction(async (tx) => {
    if (message !== undefined) await note(tx, message, report);
    if (reason && gone) await suppress(tx, address, reason, detail);
  });
}

async function note(tx: Queryable, message: number, { what, detail }: Report): Promise<void> {
  const record = attemptRecord('', 'resolved', `sent: it was ${what}`, systemClock.wall());
  await resolveUnknown(tx, message, 'sent', record);
  if (what === 'delivered')
    await tx.query(sql`
      update goblin_mail.message set delivered_at = coalesce(delivered_at, clock_timestamp())
      where id = ${message} and owner = current_user`);
  if (what === 'bounced')
    await tx.query(sql`
      update goblin_mail.message as message
      set bounced_at = coalesce(bounced_at, clock_timestamp()),
          attempts = attempts || ${JSON.stringify([attemptRecord('', 'bounced', detail, systemClock.wall())])}::jsonb
      where id = ${message} and owner = current_user and bounced_at is null`);
}
