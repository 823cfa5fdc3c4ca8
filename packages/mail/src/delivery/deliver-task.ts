/** The task that sends one mail. It only drives: what became of the mail stands in the mail's own row. */
import type { Schema } from '@goblin/core';
import { type TaskDefinition, task } from '@goblin/data';
import { z } from 'zod';

/** The expiry of a mail ends its task long before this. */
const FOR = '60d';

export const deliver: TaskDefinition<Schema<{ message: number }>> = task('mail.deliver', {
  input: z.object({ message: z.int() }),
  retry: { for: FOR, backoff: { first: '1s', max: '10m' } },
  lease: '30s',
  timeout: '10m',
});
