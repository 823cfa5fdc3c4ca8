/** Effects at the HTTP server, counted by it: one for each key that the work has, none for others, and whoever asked wrote down the
 * receipt that the server gave. */
import { chargeKeyOf } from '../work/order.ts';
import type { Breach } from './breach.ts';
import type { Evidence } from './evidence.ts';

const PROMISE = 'an HTTP effect happens exactly once per idempotency key';

export function chargesBook({ asked, charges, effects }: Evidence): Breach[] {
  const breaches: Breach[] = [];
  const note = (key: string, what: string): void => {
    breaches.push({ promise: PROMISE, item: `charge ${key}`, what });
  };
  const records = new Map(charges.map((record) => [record.key, record]));
  const expected = new Set([...asked.charge, ...[...asked.order].map(chargeKeyOf)]);
  for (const key of expected) {
    const count = records.get(key)?.charges ?? 0;
    if (count !== 1) note(key, `the server has charged ${count} times`);
  }
  for (const { key, strangers } of charges) {
    if (!expected.has(key)) note(key, 'nobody has asked for it');
    if (strangers > 0) note(key, `${strangers} requests with the same key asked for something else`);
  }
  for (const { kind, name, detail } of effects) {
    const key = kind === 'charge' ? name : kind === 'order' ? chargeKeyOf(name) : undefined;
    if (key === undefined) continue;
    const receipt = records.get(key)?.receipt;
    if (detail.receipt !== receipt)
      note(key, `the work has written down ${detail.receipt}, and the server gave ${receipt}`);
  }
  return breaches;
}
