import { event } from 'goblin';
import { z } from 'zod';
import { Money } from '../../money/money.ts';

/** The acquirer has the money of a charge. `reference` is the id of the payment that it was charged for. */
export const chargeSettled = event(
  'acquirer.charge-settled.v1',
  z.object({ chargeId: z.string(), reference: z.string(), amount: Money }),
);
