import { contract } from 'goblin';
import { z } from 'zod';

export const webhooks = contract('webhooks.v1', {
  receive: {
    summary: 'Takes in one message of the acquirer, signed as Standard Webhooks says.',
    input: z.object({
      id: z.string().min(1).max(255),
      timestamp: z.string().regex(/^\d{1,12}$/, 'is not a Unix time in seconds'),
      signature: z.string().min(1).max(1_000),
      /** As it came: it is signed byte by byte. */
      body: z.string().max(65_536),
    }),
    /** `duplicate`: it was taken in before, and nothing was done now. */
    output: z.object({ duplicate: z.boolean() }),
    idempotent: true,
    deadline: '4s',
  },
});
