/** Work of a known size, for tests of overload. */
import { contract } from '@goblin/core';
import { z } from 'zod';

export const busy = contract('busy.v1', {
  /** Computes for so long before it answers. */
  compute: { input: z.object({ forMs: z.number() }), output: z.object({}), deadline: '1s' },
  /** The same, after something it had to wait for. */
  computeLater: { input: z.object({ forMs: z.number() }), output: z.object({}), deadline: '1s' },
});
