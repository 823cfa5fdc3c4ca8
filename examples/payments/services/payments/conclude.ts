/** A pending payment gets its outcome, and the audit trail says by whom and why when that is a charge. */
import { audit, type Database } from 'goblin';
import type { Final } from '../processing/contract.ts';
import type { Payment } from './contract.ts';
import type { PaymentTable } from './payment-table.ts';

/** Answers what the payment is now, whoever made it so. */
export async function conclude(
  { db, table }: { readonly db: Database; readonly table: PaymentTable },
  id: string,
  outcome: Final,
  reason: string,
): Promise<Payment> {
  const concluded = await db.transaction(async (tx) => {
    const payment = await table.conclude(tx, id, outcome);
    if (payment?.status === 'authorized') {
      const { status, amount } = payment;
      const after = { status, amount };
      const subject = { type: 'payment', id };
      await audit(tx, { action: 'payment.charged', subject, before: { status: 'pending' }, after, reason });
    }
    return payment;
  });
  return concluded ?? table.get(id);
}
