/** The money of a payment has arrived: the payment is settled, receipts and whoever else wants to know are told, and the
 * audit trail says why, in one transaction. It is done once, whoever says so first: the acquirer's message
 * (on-charge-settled.ts), or the acquirer when it is asked (follow.ts). */
import { isDeepStrictEqual } from 'node:util';
import { audit, context, type Logger, type Transaction } from 'goblin';
import type { Money } from '../../money/money.ts';
import type { Payment } from './contract.ts';
import { settled } from './events.ts';
import type { PaymentTable } from './payment-table.ts';

export interface Settling {
  readonly table: PaymentTable;
  readonly log: Logger;
}

/** False when the payment does not await this money: it is settled already, was declined or has failed. */
export async function settle(
  { table, log }: Settling,
  tx: Transaction,
  id: string,
  amount: Money,
  reason: string,
): Promise<boolean> {
  const done = await table.settle(tx, id, amount);
  if (!done) {
    explain(log, id, amount, await table.find(id));
    return false;
  }
  await settled.publish(tx, { ...done.payment, ...(done.email !== undefined && { email: done.email }) });
  const change = { subject: { type: 'payment', id }, after: { status: 'settled', amount }, reason };
  await context.run({ actor: 'acquirer' }, () => audit(tx, { action: 'payment.settled', ...change }));
  return true;
}

/** Money that came for a payment which does not want it is a matter for a person. */
function explain(log: Logger, id: string, amount: Money, known: Payment | undefined): void {
  if (known?.status === 'settled' && isDeepStrictEqual(known.amount, amount)) return;
  log.error(
    { payment: id, status: known?.status, amount, expected: known?.amount },
    'the acquirer settled something that is not a payment awaiting it',
  );
}
