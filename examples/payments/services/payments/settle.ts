/** The acquirer says that it has the money: the payment is settled, and that is told, also to the task that follows the
 * payment, in one transaction. The message may come before the answer to the charge did, and of a payment that is
 * settled already. */
import { isDeepStrictEqual } from 'node:util';
import type { EventHandler, Logger } from 'goblin';
import type { z } from 'zod';
import type { chargeSettled } from '../webhooks/events.ts';
import { settled } from './events.ts';
import { follow } from './follow.ts';
import type { PaymentTable } from './payment-table.ts';

type Payload = z.infer<typeof chargeSettled.schema>;

export interface Settling {
  readonly table: PaymentTable;
  readonly log: Logger;
}

export function settling({ table, log }: Settling): EventHandler<Payload> {
  return async ({ payload }, tx) => {
    const done = await table.settle(tx, payload.reference, payload.amount);
    if (!done) return explain(payload);
    await settled.publish(tx, { ...done.payment, ...(done.email !== undefined && { email: done.email }) });
    await follow.signal(tx, done.payment.id, 'settled');
  };

  /** Money that came for a payment which does not want it is a matter for a person. */
  async function explain({ reference, amount }: Payload): Promise<void> {
    const known = await table.find(reference);
    if (known?.status === 'settled' && isDeepStrictEqual(known.amount, amount)) return;
    log.error(
      { payment: reference, status: known?.status, amount, expected: known?.amount },
      'the acquirer settled something that is not a payment awaiting it',
    );
  }
}
