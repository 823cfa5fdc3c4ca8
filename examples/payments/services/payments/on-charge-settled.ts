/** The acquirer tells that it has the money. Its message may come before the answer to the charge did, and of a payment that
 * is settled already. The task that follows the payment is told in the same transaction. */
import { type EventHandler, enterTenant } from 'goblin';
import type { z } from 'zod';
import type { chargeSettled } from '../webhooks/events.ts';
import { follow } from './follow.ts';
import { type Settling, settle } from './settle.ts';

export function onChargeSettled(parts: Settling): EventHandler<z.infer<typeof chargeSettled.schema>> {
  return async ({ payload: { reference, amount } }, tx) => {
    await enterTenant(tx);
    if (await settle(parts, tx, reference, amount, 'the acquirer said that it has the money'))
      await follow.signal(tx, reference, 'settled');
  };
}
