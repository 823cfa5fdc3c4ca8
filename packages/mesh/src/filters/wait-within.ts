/** Waiting for something that goes on whether this caller waits for it or not. */
import { Cancellation, type ContextValues, deadlines, settleBegun } from '@goblin/core';

/** The promise's outcome. @throws CANCELED, DEADLINE_EXCEEDED as soon as the context is cancelled or its deadline
 * passes */
export function waitWithin<T>(values: ContextValues, promise: Promise<T>): Promise<T> {
  const waiting = { ...values, cancellation: new Cancellation() };
  return settleBegun(values.cancellation, waiting, deadlines.clock.now(), promise);
}
