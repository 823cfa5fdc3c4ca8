/** Charging, once per merchant and key. The payment is kept as `pending` before anybody is asked for money, under a unique key;
 * so whoever comes with the same key finds it and goes on with it rather than beginning another. The acquirer is
 * asked under the payment's id, and charges an id once. Hence any step may be repeated, at the same time or after a
 * crash, and the outcome is one charge. What nobody goes on with is taken up by follow.ts. */
import { createHmac } from 'node:crypto';
import { type Client, type Database, fail, GoblinError, type Logger, type Secret } from 'goblin';
import { sum } from '../../money/money.ts';
import type { processing } from '../processing/contract.ts';
import type { tax } from '../tax/contract.ts';
import { conclude } from './conclude.ts';
import type { Line, Order, Payment } from './contract.ts';
import { follow, UNTIL_FOLLOWED } from './follow.ts';
import type { NewPayment, PaymentTable } from './payment-table.ts';

export interface Charging {
  readonly db: Database;
  readonly table: PaymentTable;
  readonly taxes: Client<typeof tax>;
  readonly processor: Client<typeof processing>;
  readonly fingerprintKey: Secret;
  readonly log: Logger;
}

export interface Charged {
  readonly payment: Payment;
  readonly replayed: boolean;
}

export async function charge(parts: Charging, key: string, order: Order): Promise<Charged> {
  const { table } = parts;
  const fingerprint = fingerprintOf(order, parts.fingerprintKey);
  const known = await table.findByKey(key);
  if (known) {
    if (known.fingerprint !== fingerprint)
      fail('IDEMPOTENCY_KEY_REUSED', undefined, 'this key was used for another order');
    return { payment: await authorize(parts, known.payment, order), replayed: true };
  }
  const lines = linesOf(order);
  const { taxes } = await parts.taxes.assess({ country: order.country, lines: [...lines] });
  const payment = await keep(parts, { key, fingerprint, order, lines, taxes });
  // Somebody else was faster with the same key: go on with theirs.
  if (!payment) return charge(parts, key, order);
  return { payment: await authorize(parts, payment, order), replayed: false };
}

/** With the task that follows it, or neither. Undefined when there is one with this key already. */
function keep({ db, table }: Charging, kept: NewPayment): Promise<Payment | undefined> {
  return db.transaction(async (tx) => {
    const payment = await table.insert(tx, kept);
    if (!payment) return undefined;
    const { id, merchant } = payment;
    await follow.enqueue(tx, { key: id, input: { payment: id, merchant }, delay: UNTIL_FOLLOWED });
    return payment;
  });
}

/** When the processing cannot be reached, or the acquirer does not answer, the payment stays pending: the customer
 * has an id to look it up by, and its outcome will be found out. */
async function authorize(parts: Charging, payment: Payment, { card }: Order): Promise<Payment> {
  if (payment.status !== 'pending') return payment;
  const { table, processor, log } = parts;
  try {
    const outcome = await processor.authorize({ paymentId: payment.id, amount: payment.amount, card });
    if (outcome.status === 'unknown') return table.get(payment.id);
    return await conclude(parts, payment.id, outcome, 'the customer paid by card');
  } catch (error) {
    if (!(error instanceof GoblinError)) throw error;
    log.warn({ err: error, payment: payment.id }, 'the payment stays pending');
    return table.get(payment.id);
  }
}

/** Without lines, one line of general goods over the whole amount. @throws LINES_DO_NOT_ADD_UP */
function linesOf({ amount, lines }: Order): readonly Line[] {
  if (!lines) return [{ text: 'Payment', goods: 'general', amount }];
  const total = sum(
    amount.currency,
    lines.map((line) => line.amount),
  );
  if (total.minor !== amount.minor)
    fail('LINES_DO_NOT_ADD_UP', { amount, total }, 'the lines do not add up to the amount');
  return lines;
}

/** Tells whether two orders are the same. Keyed, because a plain hash of a card number can be reversed by trying. */
function fingerprintOf(order: Order, key: Secret): string {
  return createHmac('sha256', key.reveal()).update(JSON.stringify(order)).digest('base64url');
}
