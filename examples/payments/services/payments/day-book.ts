/** The day is closed each night: what has settled since the day before goes into the day book, one row for each merchant and
 * currency. Each payment is in it once, because the statement that adds it up also marks it; so a run may be repeated, and
 * `goblin schedule run close-day` may close a part of a day, to which the night adds the rest. */
import { context, type Database, sql } from 'goblin';
import { merchants } from './merchants.ts';

/** Whose midnight it is. The view payment_report counts its days there too. */
export const ZONE = 'Europe/Berlin';

/** The run of midnight closes the day that ends there. @param db of the merchant in the context: see withTenant. */
export async function closeDay(db: Database, slot: Date): Promise<void> {
  for (const tenant of Object.keys(merchants))
    await context.run({ tenant }, () => closeDayOfMerchant(db, slot));
}

async function closeDayOfMerchant(db: Database, slot: Date): Promise<void> {
  await db.query(sql`
    with booked as (
      update payment set booked_on = ((${slot}::timestamptz - interval '1 second') at time zone ${ZONE})::date
      where status = 'settled' and booked_on is null and settled_at < ${slot}
      returning booked_on as day, currency, minor)
    insert into day_book (day, currency, payments, minor)
    select day, currency, count(*), sum(minor) from booked group by day, currency
    on conflict (merchant, day, currency) do update
      set payments = day_book.payments + excluded.payments, minor = day_book.minor + excluded.minor`);
}
