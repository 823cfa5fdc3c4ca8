/** Compares what the platform says with what the acquirer says, to the cent. */
import assert from 'node:assert/strict';
import type { Payment } from '../services/payments/contract.ts';
import type { Paid } from './load.fixture.ts';
import type { Platform } from './platform.fixture.ts';
import { until } from './until.fixture.ts';

/** Payments that were pending are taken up after 15 s; webhooks come again with pauses of up to 15 s. */
const CALM_TIMEOUT_MS = 90_000;

const FINAL: ReadonlySet<string> = new Set(['settled', 'declined', 'failed']);

/** Waits until every payment is final. */
export async function finalPayments(platform: Platform, paid: readonly Paid[]): Promise<Payment[]> {
  const payments: Payment[] = [];
  for (const { id } of paid) {
    let latest: Payment | undefined;
    await until(
      async () => {
        const answer = await platform.fetch(`/v1/payments/${id}`);
        if (answer.ok) latest = (await answer.json()) as Payment;
        return latest !== undefined && FINAL.has(latest.status);
      },
      CALM_TIMEOUT_MS,
      () => `${id} is still ${latest?.status}`,
    );
    payments.push(latest!);
  }
  return payments;
}

/** What settled was charged, once and with its amount; nothing else was charged. */
export async function assertChargesAgree(platform: Platform, payments: readonly Payment[]): Promise<void> {
  const charges = new Map((await platform.charges()).map((charge) => [charge.reference, charge]));
  for (const { id, status, amount } of payments) {
    const charge = charges.get(id);
    charges.delete(id);
    if (status === 'settled') assert.deepEqual([charge?.status, charge?.amount], ['settled', amount], id);
    else
      assert.ok(
        !charge || ['declined', 'canceled'].includes(charge.status),
        `${id} ${status}, ${charge?.status}`,
      );
  }
  assert.deepEqual([...charges.keys()], [], 'charges that are no payment');
}

/** Each settled payment has a receipt, and their numbers are 1, 2, 3 … */
export async function assertReceiptsComplete(
  platform: Platform,
  payments: readonly Payment[],
): Promise<void> {
  const numbers: number[] = [];
  for (const { id } of payments.filter(({ status }) => status === 'settled')) {
    let page = '';
    await until(
      async () => {
        const answer = await platform.fetch(`/receipts/${id}`);
        page = await answer.text();
        return answer.ok;
      },
      CALM_TIMEOUT_MS,
      () => `${id} has no receipt`,
    );
    numbers.push(Number(/Receipt <span>\d{4}-(\d+)/.exec(page)?.[1]));
  }
  const sorted = numbers.sort((a, b) => a - b);
  assert.deepEqual(
    sorted,
    sorted.map((_, index) => index + 1),
  );
}
