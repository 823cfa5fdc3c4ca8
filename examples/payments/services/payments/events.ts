import { event } from 'goblin';
import { z } from 'zod';
import { Payment } from './contract.ts';

/** The money of a payment has arrived. Told once per payment, with the payment as it is then, and with the address that its
 * receipt goes to, which is shown nowhere else. */
export const settled = event('payments.settled.v1', Payment.extend({ email: z.email().optional() }));
