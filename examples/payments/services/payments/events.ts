import { event } from 'goblin';
import { Payment } from './contract.ts';

/** The money of a payment has arrived. Told once per payment, with the payment as it is then. */
export const settled = event('payments.settled.v1', Payment);
