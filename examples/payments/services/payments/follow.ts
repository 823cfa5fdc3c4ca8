/** The workflow that follows each payment until its money has arrived, whatever dies meanwhile. The task is enqueued in the
 * transaction that keeps the payment, so there is one for each, and begins when a charge that goes well is over.
 *
 * 1. It takes up what nobody finished: the caller left, a process died, the acquirer did not answer. Processing finds out what
 *    became of the charge; one that never reached the acquirer is given up there first, so that it cannot be charged later.
 * 2. It waits for the acquirer's message, without holding a process.
 * 3. When that never comes it asks the acquirer, again and again for a week, and then a person. */
import {
  type Client,
  type Database,
  type Duration,
  type Logger,
  type TaskDefinition,
  type TaskHandler,
  task,
} from 'goblin';
import { z } from 'zod';
import type { processing } from '../processing/contract.ts';
import { conclude } from './conclude.ts';
import { PaymentId } from './contract.ts';
import { Merchant } from './merchants.ts';
import type { PaymentTable } from './payment-table.ts';
import { settle } from './settle.ts';

const Input = z.object({ payment: PaymentId, merchant: Merchant });

/** Its key is the payment's id. Each merchant has a lane of its own: a burst of one holds up no other. */
export const follow: TaskDefinition<typeof Input> = task('payments.follow', {
  input: Input,
  lease: '10s',
  retry: { for: '7d', backoff: { first: '1s', max: '10s' } },
  lane: ({ merchant }) => merchant,
  lanes: { concurrency: 4 },
});

/** Longer than a charge may take. */
export const UNTIL_FOLLOWED = '15s';
/** The acquirer settles within seconds here, and its message comes again until it is taken. */
const MESSAGE_WITHIN = '10m';
const ASKED_EVERY = '1h';
/** A week. */
const MAX_QUESTIONS = 168;

export interface Following {
  readonly db: Database;
  readonly table: PaymentTable;
  readonly processor: Client<typeof processing>;
  readonly log: Logger;
  /** When the acquirer is asked. Default: after 10 min, and then each hour. */
  readonly messageWithin?: Duration;
}

export function following(parts: Following): TaskHandler<typeof Input> {
  const { db, table, processor, log, messageWithin = MESSAGE_WITHIN } = parts;
  return async (job) => {
    const paymentId = job.input.payment;
    let { status } = await table.get(paymentId);
    if (status === 'pending') {
      const outcome = await job.step('find out', () => processor.resolve({ paymentId }));
      ({ status } = await conclude(parts, paymentId, outcome, 'its outcome was found out afterwards'));
      log.info({ payment: paymentId, status }, 'found out what became of a payment');
    }
    if (status !== 'authorized') return;

    await job.waitFor('settled', { timeout: messageWithin });
    // It runs from its start after each wait: it goes on from here only while the money has not arrived.
    for (let question = 1; question <= MAX_QUESTIONS; question++) {
      const { amount } = await job.step(`question ${question}`, () => processor.settlement({ paymentId }));
      if (amount) {
        const reason = 'the acquirer has the money; its message did not come';
        return db.transaction(async (tx) => {
          await settle(parts, tx, paymentId, amount, reason);
          await job.finish(tx);
        });
      }
      await job.sleep(ASKED_EVERY);
    }
    log.error({ payment: paymentId }, 'a payment is authorized, and its money has not arrived within a week');
  };
}
