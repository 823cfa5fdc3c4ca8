/** For statements that nobody asked for: polling, health checks, housekeeping. Their spans are not sampled, so that
 * they do not drown those of calls; the ones that fail or are slow are kept all the same. */
import { randomBytes } from 'node:crypto';
import { type ContextValues, context } from '@goblin/core';

/** Runs `work` outside of any call, as a routine. */
export function routine<T>(work: () => T, changes: Partial<ContextValues> = {}): T {
  const trace = {
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    sampled: false,
  };
  return context.detach(() => context.run({ trace, ...changes }, work));
}
