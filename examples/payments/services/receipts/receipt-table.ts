/** The receipts as they are kept. A payment has one, and whoever knows its id may see it. The numbers of a merchant's
 * year have no gap, because a number is taken in the transaction that keeps the receipt, under the lock of that year's row. */
import { fail, type Queryable, sql } from 'goblin';
import type { Payment } from '../payments/contract.ts';
import type { Receipt } from './contract.ts';

interface Row {
  readonly year: number;
  readonly number: number;
  readonly issued_at: Date;
  readonly payment: Payment;
}

/** Issues the receipt of a payment, unless it has one. */
export async function issue(tx: Queryable, payment: Payment): Promise<void> {
  const known = await tx.maybeOne(sql`select from receipt where payment_id = ${payment.id}`);
  if (known) return;
  await tx.query(sql`
    with taken as (
      insert into last_number (merchant, year, number)
      values (${payment.merchant}, extract(year from now() at time zone 'UTC'), 1)
      on conflict (merchant, year) do update set number = last_number.number + 1
      returning merchant, year, number)
    insert into receipt (payment_id, merchant, year, number, payment)
    select ${payment.id}, merchant, year, number, ${JSON.stringify(payment)} from taken`);
}

/** @throws NOT_FOUND */
export async function findReceipt(db: Queryable, paymentId: string): Promise<Receipt> {
  const row = await db.maybeOne<Row>(
    sql`select year, number, issued_at, payment from receipt where payment_id = ${paymentId}`,
  );
  if (!row)
    fail(
      'NOT_FOUND',
      { paymentId },
      `there is no receipt of ${paymentId} (yet): it is issued when it settles`,
    );
  return {
    number: `${row.year}-${String(row.number).padStart(6, '0')}`,
    issuedAt: row.issued_at.toISOString(),
    payment: row.payment,
  };
}
