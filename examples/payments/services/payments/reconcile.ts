/** Takes up payments that nobody finished: the caller left, a process died, the acquirer did not answer. Processing
 * finds out what became of them; one that never reached the acquirer is given up there first, so that it
 * cannot be charged later. Several instances may work on the same payment; the outcome is the same. */
import { type Client, type Logger, sleep } from 'goblin';
import type { processing } from '../processing/contract.ts';
import type { PaymentTable } from './payment-table.ts';

/** Longer than a charge may take. */
const PENDING_TOO_LONG_MS = 15_000;
const PERIOD_MS = 2_000;
const BATCH = 50;

export interface Reconciling {
  readonly table: PaymentTable;
  readonly processor: Client<typeof processing>;
  readonly log: Logger;
}

/** Runs until it is aborted. */
export async function reconcileRegularly(parts: Reconciling, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await reconcile(parts, PENDING_TOO_LONG_MS);
    await sleep(PERIOD_MS, signal);
  }
}

/** Once, for all payments that have been pending for longer than `forMs`. */
export async function reconcile({ table, processor, log }: Reconciling, forMs: number): Promise<void> {
  for (const paymentId of await table.pendingFor(forMs, BATCH)) {
    try {
      const { status } = await table.conclude(paymentId, await processor.resolve({ paymentId }));
      log.info({ payment: paymentId, status }, 'found out what became of a payment');
    } catch (error) {
      log.warn({ err: error, payment: paymentId }, 'the outcome of a payment is still unknown');
    }
  }
}
