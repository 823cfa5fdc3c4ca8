/** A payment as it changes. Each watcher looks at its row each PERIOD_MS; a payment that goes well is final after
 * about two seconds, so that is ten reads by primary key. */
import { context, fail, sleep } from 'goblin';
import type { Payment, Status } from './contract.ts';
import type { PaymentTable } from './payment-table.ts';

const PERIOD_MS = 200;
/** Per instance. Who finds no place polls or tries again. */
const MAX_WATCHERS = 250;

const FINAL: ReadonlySet<Status> = new Set(['settled', 'declined', 'failed']);

export type Watch = (id: string) => AsyncGenerator<Payment>;

/** @throws NOT_FOUND, RESOURCE_EXHAUSTED */
export function watcher(table: PaymentTable): Watch {
  let watchers = 0;
  return async function* watch(id) {
    if (watchers >= MAX_WATCHERS)
      fail('RESOURCE_EXHAUSTED', undefined, `there are ${MAX_WATCHERS} watchers already`);
    watchers++;
    try {
      let last: Status | undefined;
      while (last === undefined || !FINAL.has(last)) {
        const payment = await table.get(id);
        if (payment.status !== last) yield payment;
        last = payment.status;
        if (!FINAL.has(last)) await sleep(PERIOD_MS, context.signal);
      }
    } finally {
      watchers--;
    }
  };
}
