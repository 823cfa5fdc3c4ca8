import { contract } from 'goblin';
import { z } from 'zod';
import { Payment, PaymentId } from '../payments/contract.ts';

export const Receipt = z.object({
  /** `2026-000042`: counted from 1 in each year (UTC) of its merchant, without a gap. */
  number: z.string().regex(/^\d{4}-\d{6,}$/),
  issuedAt: z.iso.datetime(),
  /** As it was when it settled. */
  payment: Payment,
});
export type Receipt = z.infer<typeof Receipt>;

export const receipts = contract('receipts.v1', {
  get: {
    summary: 'The receipt of a settled payment.',
    input: z.object({ paymentId: PaymentId }),
    output: Receipt,
    get: true,
  },
});
