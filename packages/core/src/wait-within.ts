/** Waiting for something that goes on whether this caller waits for it or not. */
import { Cancellation } from './cancellation.ts';
import type { ContextValues } from './context.ts';
import { deadlines, settleBegun } from './deadline.ts';

/** The promise's outcome. @throws CANCELED, DEADLINE_EXCEEDED as soon as the context is cancelled or its deadline
 * passes */
export function waitWithin<T>(values: ContextValues, promise: Promise<T>): Promise<T> {
  const waiting = { ...values, cancellation: new Cancellation() };
  return settleBegun(values.cancellation, waiting, deadlines.clock.now(), promise);
}
