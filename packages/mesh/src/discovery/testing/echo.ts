/** The contract of the instances that chaos tests start, kill and freeze. */
import { contract } from '@goblin/core';
import { z } from 'zod';

export const echo = contract('echo.v1', {
  /** Which instance answers. */
  whoami: { input: z.object({}), output: z.string(), idempotent: true, deadline: '60s' },
  /** The same, but nobody may try it twice. */
  once: { input: z.object({}), output: z.string() },
});
