import { contract } from 'goblin';
import { z } from 'zod';
import { Money, Price } from '../../money/money.ts';
import { Card } from '../payments/card.ts';
import { PaymentId } from '../payments/contract.ts';

/** `failed`: it is certain that nothing was charged and that nothing will be. */
const Final = z.discriminatedUnion('status', [
  z.object({ status: z.literal('authorized'), chargeId: z.string() }),
  z.object({ status: z.literal('declined'), reason: z.string() }),
  z.object({ status: z.literal('failed'), reason: z.string() }),
]);
export type Final = z.infer<typeof Final>;

/** `unknown`: the acquirer did not answer in time; `resolve` finds out. */
export const Outcome = z.discriminatedUnion('status', [
  ...Final.options,
  z.object({ status: z.literal('unknown') }),
]);
export type Outcome = z.infer<typeof Outcome>;

export const processing = contract('processing.v1', {
  authorize: {
    summary: 'Asks the acquirer for the money; however often it is called, a payment is charged once.',
    input: z.object({ paymentId: PaymentId, amount: Price, card: Card }),
    output: Outcome,
    idempotent: true,
    deadline: '10s',
  },
  resolve: {
    summary:
      'Finds out what became of a payment; one that the acquirer does not know of will not be charged any more.',
    input: z.object({ paymentId: PaymentId }),
    output: Final,
    idempotent: true,
    deadline: '10s',
    errors: ['ACQUIRER_UNAVAILABLE'],
  },
  settlement: {
    summary: 'Asks the acquirer for the money of a payment that has arrived; null while none has.',
    input: z.object({ paymentId: PaymentId }),
    output: z.object({ amount: Money.nullable() }),
    idempotent: true,
    deadline: '10s',
    errors: ['ACQUIRER_UNAVAILABLE'],
  },
});
