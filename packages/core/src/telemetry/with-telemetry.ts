/** One span, one duration and one outcome per call, on the server's side and on the client's (call-meter.ts). The span
 * becomes the current one for what runs below. A stream is measured until its last item. */
import type { CallFilter } from '../call.ts';
import { type ContextValues, context } from '../context.ts';
import { CallMeter, MeasuredCall, type Side } from './call-meter.ts';
import type { Telemetry } from './telemetry.ts';

export function withTelemetry(side: Side, telemetry: Telemetry): CallFilter {
  const meter = new CallMeter(side, telemetry);
  return async (call, next) => {
    const caller = context.current;
    const measured = new MeasuredCall(meter, call.procedure, caller.trace, undefined, call.fromRoute);
    const values: ContextValues = { ...caller, trace: measured.trace };
    try {
      const answer = await context.enter(values, () => next(call));
      if (call.procedure.stream) return untilLast(answer as AsyncIterable<unknown>, values, measured);
      measured.measureSuccess();
      return answer;
    } catch (error) {
      measured.measureFailure(error);
      throw error;
    }
  };
}

/** The same items, each made in the context of the call whoever reads it, and measured until they end, fail, or are not
 * wanted any more. Not a generator, because one that is left before its first item runs no `finally`. */
function untilLast(
  items: AsyncIterable<unknown>,
  values: ContextValues,
  measured: MeasuredCall,
): AsyncIterableIterator<unknown> {
  const iterator = items[Symbol.asyncIterator]();
  let isFinished = false;
  function finishOnce(error?: unknown): void {
    if (isFinished) return;
    isFinished = true;
    if (error === undefined) measured.measureSuccess();
    else measured.measureFailure(error);
  }
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      try {
        const item = await context.enter(values, () => iterator.next());
        if (item.done) finishOnce();
        return item;
      } catch (error) {
        finishOnce(error);
        throw error;
      }
    },
    async return(value: unknown) {
      finishOnce(values.cancellation.reason);
      await context.enter(values, () => iterator.return?.());
      return { done: true, value };
    },
  };
}
