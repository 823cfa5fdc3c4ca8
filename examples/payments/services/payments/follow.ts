/** Follows each payment until its money has arrived, whatever dies meanwhile. The task is enqueued in the transaction that
 * keeps the payment, so there is one for each, and begins when a charge that goes well is over. It takes up what
 * nobody finished: the caller left, a process died, the acquirer did not answer. Processing finds out what became of the
 * charge; one that never reached the acquirer is given up there first, so that it cannot be charged later. */
import { type Client, type Logger, type TaskDefinition, type TaskHandler, task } from 'goblin';
import { z } from 'zod';
import type { processing } from '../processing/contract.ts';
import { PaymentId } from './contract.ts';
import type { PaymentTable } from './payment-table.ts';

const Input = z.object({ payment: PaymentId });

/** Its key is the payment's id. */
export const follow: TaskDefinition<typeof Input> = task('payments.follow', {
  input: Input,
  lease: '10s',
  retry: { for: '7d', backoff: { first: '1s', max: '10s' } },
});

/** Longer than a charge may take. */
export const UNTIL_FOLLOWED = '15s';
/** The acquirer pays out within days. */
const UNTIL_SETTLED = '7d';

export interface Following {
  readonly table: PaymentTable;
  readonly processor: Client<typeof processing>;
  readonly log: Logger;
}

export function following({ table, processor, log }: Following): TaskHandler<typeof Input> {
  return async (job) => {
    const paymentId = job.input.payment;
    let { status } = await table.get(paymentId);
    if (status === 'pending') {
      const outcome = await job.step('find out', () => processor.resolve({ paymentId }));
      ({ status } = await table.conclude(paymentId, outcome));
      log.info({ payment: paymentId, status }, 'found out what became of a payment');
    }
    if (status !== 'authorized') return;
    const told = await job.waitFor('settled', { timeout: UNTIL_SETTLED });
    if (told === undefined)
      log.error({ payment: paymentId }, `a payment is authorized, but not settled after ${UNTIL_SETTLED}`);
  };
}
