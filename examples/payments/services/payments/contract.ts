import { contract } from 'goblin';
import { z } from 'zod';
import { Money, Price } from '../../money/money.ts';
import { Country, Goods, TaxLine } from '../tax/contract.ts';
import { Card, KeptCard } from './card.ts';
import { Merchant } from './merchants.ts';

export const PaymentId = z.string().regex(/^pay_[0-9a-f]{32}$/, 'is not the id of a payment');

/** What is paid for. */
export const Line = z.object({ text: z.string().min(1).max(200), goods: Goods, amount: Price });
export type Line = z.infer<typeof Line>;

/** `pending` (the acquirer has not answered) → `authorized` → `settled`; or `declined` by the bank; or `failed`:
 * it is certain that nothing was charged. The last three are final. */
export const Status = z.enum(['pending', 'authorized', 'settled', 'declined', 'failed']);
export type Status = z.infer<typeof Status>;

export const Payment = z.object({
  id: PaymentId,
  merchant: Merchant,
  status: Status,
  /** Why it was declined or failed. */
  reason: z.string().nullable(),
  /** Gross: what the customer pays. */
  amount: Money,
  net: Money,
  tax: Money,
  taxes: z.array(TaxLine),
  lines: z.array(Line),
  country: Country,
  card: KeptCard,
  createdAt: z.iso.datetime(),
  settledAt: z.iso.datetime().nullable(),
});
export type Payment = z.infer<typeof Payment>;

export const Order = z.object({
  /** Gross. */
  amount: Price,
  country: Country,
  card: Card,
  /** What it is for; the amounts add up to `amount`. Without lines all of it is general goods. */
  lines: z.array(Line).min(1).max(50).optional(),
  /** Where the receipt is sent. Default: nowhere. */
  email: z.email().max(254).optional(),
});
export type Order = z.infer<typeof Order>;

export const payments = contract('payments.v1', {
  charge: {
    summary: 'Charges a card once per key; asked again with the same key it gives the same payment.',
    input: z.object({ key: z.string().min(1).max(255), order: Order }),
    /** `replayed`: there was a payment with this key already. */
    output: z.object({ payment: Payment, replayed: z.boolean() }),
    idempotent: true,
    deadline: '12s',
    errors: ['UNKNOWN_COUNTRY', 'LINES_DO_NOT_ADD_UP', 'IDEMPOTENCY_KEY_REUSED'],
  },
  get: {
    summary: 'One payment.',
    input: z.object({ id: PaymentId }),
    output: Payment,
    get: true,
  },
  list: {
    summary: 'The latest payments, newest first; `before` is the id of the last one of the page before.',
    input: z.object({ limit: z.int().min(1).max(100).default(20), before: PaymentId.optional() }),
    output: z.object({ payments: z.array(Payment) }),
    get: true,
  },
  watch: {
    summary: 'A payment now and after each change, until its status is final.',
    input: z.object({ id: PaymentId }),
    output: Payment,
    stream: true,
    deadline: '2m',
  },
});
