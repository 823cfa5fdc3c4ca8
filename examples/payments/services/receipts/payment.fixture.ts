import { randomBytes } from 'node:crypto';
import { money } from '../../money/money.ts';
import type { Payment } from '../payments/contract.ts';

/** A settled payment of a shirt and a book. */
export function paymentFixture(): Payment {
  const eur = (minor: number) => money('EUR', minor);
  return {
    id: `pay_${randomBytes(16).toString('hex')}`,
    merchant: 'goblin-shop',
    status: 'settled',
    reason: null,
    amount: eur(4489),
    net: eur(4026),
    tax: eur(463),
    taxes: [
      { goods: 'general', rate: '20', gross: eur(1999), net: eur(1666), tax: eur(333) },
      { goods: 'books', rate: '5.5', gross: eur(2490), net: eur(2360), tax: eur(130) },
    ],
    lines: [
      { text: 'Lantern T-shirt', goods: 'general', amount: eur(1999) },
      { text: 'Tales <b>from</b> "the" Night & Day', goods: 'books', amount: eur(2490) },
    ],
    country: 'FR',
    card: { brand: 'Visa', last4: '4242' },
    createdAt: '2026-11-20T12:00:00.000Z',
    settledAt: '2026-11-20T12:00:02.000Z',
  };
}
