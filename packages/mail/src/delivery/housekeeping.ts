/** What is done beside sending, every PERIOD_MS in each process: figures for the metrics, unknown mails looked for at
 * providers that can be asked, and old mails deleted. A mail that a provider knows was sent; one that it does not know
 * stays unknown, because it may only have forgotten it. */
import { sleep, systemClock } from '@goblin/core';
import { type Database, routine, sql } from '@goblin/data';
import { attemptRecord, resolveUnknown } from '../messages/message-table.ts';
import type { MailTelemetry } from '../telemetry.ts';
import type { RunningRoute } from './running-route.ts';

const PERIOD_MS = 15_000;
/** Unknown mails that are asked for in one round. A provider takes a while to find what it has just taken. */
const ASKED = 20;
const ASK_AFTER = '10 seconds';
const ASK_FOR = '1 day';
/** Settled mails are deleted after this, with what was in them; their keys are free again then. Unknown ones stay. */
const KEPT = '90 days';
const BATCH = 1_000;
const STATES = ['queued', 'sending', 'unknown'];

export async function keepHouse(
  db: Database,
  routes: readonly RunningRoute[],
  telemetry: MailTelemetry,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await routine(async () => {
      await measure(db, telemetry);
      for (const route of routes) await findUnknown(db, route);
      await deleteOld(db);
    }).catch((error) =>
      db.telemetry.log.warn({ err: error }, 'the housekeeping of mails failed; it is tried again'),
    );
    await sleep(PERIOD_MS * (0.9 + Math.random() * 0.2), signal).catch(() => {});
  }
}

export async function measure(db: Database, { messages, queueAge }: MailTelemetry): Promise<void> {
  const rows = await db.many<{ state: string; count: number }>(sql`
    select state, count(*) as count from goblin_mail.message
    where owner = current_user and state = any (${STATES}::text[]) group by state`);
  const counts = new Map(rows.map(({ state, count }) => [state, count]));
  for (const state of STATES) messages.with(state).set(counts.get(state) ?? 0);
  // Those that wait for the end of quiet hours do not count.
  const { age } = await db.one<{ age: number | null }>(sql`
    select extract(epoch from clock_timestamp() - min(message.created_at))::float8 as age
    from goblin_mail.message as message
    where owner = current_user and state = 'queued' and quiet_hours is null`);
  queueAge.with().set(age ?? 0);
}

export async function findUnknown(db: Database, route: RunningRoute): Promise<void> {
  if (!route.find) return;
  const rows = await db.many<{ id: number; messageId: string }>(sql`
    select id, message_id as "messageId" from goblin_mail.message
    where owner = current_user and state = 'unknown' and route = ${route.name}
      and handed_over_at between clock_timestamp() - ${ASK_FOR}::interval and clock_timestamp() - ${ASK_AFTER}::interval
    order by handed_over_at desc limit ${ASKED}`);
  for (const mail of rows) {
    const providerId = await route.find(mail);
    if (providerId === undefined) continue;
    const record = attemptRecord(
      route.name,
      'resolved',
      `sent: ${route.name} knows it as ${providerId}`,
      systemClock.wall(),
    );
    await resolveUnknown(db, mail.id, 'sent', record);
  }
}

async function deleteOld(db: Database): Promise<void> {
  await db.query(sql`
    delete from goblin_mail.message where id in (
      select id from goblin_mail.message
      where owner = current_user and settled_at < clock_timestamp() - ${KEPT}::interval
      limit ${BATCH} for update skip locked)`);
}
