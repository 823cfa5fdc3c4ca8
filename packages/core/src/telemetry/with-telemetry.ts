/** One span, one duration and one outcome per call, on the server's side and on the client's. The span becomes
 * the current one for what runs below. A stream is measured until its last item.
 *
 * This stands in every call's way, so it reads the clock twice, enters one context, and keeps what does not
 * change per procedure (attributes, the series of each outcome) bound. */
import type { Call, CallFilter } from '../call.ts';
import { type ContextValues, context } from '../context.ts';
import type { Procedure } from '../contract.ts';
import { errorEntry, errorRegistry, GoblinError } from '../errors.ts';
import type { Histogram } from './metrics.ts';
import type { Telemetry } from './telemetry.ts';
import type { Attributes, Span } from './tracer.ts';

const FIRST_SERVER_FAULT = 500;

/** What stays the same from call to call of a procedure. */
interface Measured {
  readonly spanName: string;
  readonly attributes: Attributes;
  readonly outcomes: Map<string, Histogram>;
}

/** The names are those of OpenTelemetry's RPC conventions, which has rpc.{server,client}.call.duration. */
export function withTelemetry(side: 'server' | 'client', telemetry: Telemetry): CallFilter {
  const { tracer } = telemetry;
  const durations = telemetry.metrics.histogram(`rpc_${side}_call_duration_seconds`, {
    help:
      side === 'server'
        ? 'Time this instance took to answer a call.'
        : 'Time a call took as its caller saw it, retries included.',
    labels: ['service', 'procedure', 'outcome'],
  });
  const procedures = new WeakMap<Procedure, Measured>();

  function measuredOf(procedure: Procedure): Measured {
    let measured = procedures.get(procedure);
    if (!measured) {
      const spanName = procedure.path.slice(1);
      const attributes = { 'rpc.system.name': 'connectrpc', 'rpc.method': spanName };
      measured = { spanName, attributes, outcomes: new Map() };
      procedures.set(procedure, measured);
    }
    return measured;
  }

  function finish(
    procedure: Procedure,
    measured: Measured,
    span: Span,
    startMs: number,
    error: unknown,
  ): void {
    const endMs = performance.now();
    const outcome = error === undefined ? 'ok' : outcomeOf(procedure, error);
    if (error !== undefined) {
      span.set('error.type', outcome);
      if (side === 'client' || errorEntry(outcome).status >= FIRST_SERVER_FAULT) span.fail(error);
    }
    let duration = measured.outcomes.get(outcome);
    if (!duration) {
      duration = durations.with(procedure.contract, procedure.name, outcome);
      measured.outcomes.set(outcome, duration);
    }
    duration.record((endMs - startMs) / 1_000, span.context);
    span.end(endMs);
  }

  return async (call: Call, next) => {
    const { procedure } = call;
    const measured = measuredOf(procedure);
    const startMs = performance.now();
    const span = tracer.start(measured.spanName, { kind: side, attributes: measured.attributes, startMs });
    const values: ContextValues = { ...context.current, trace: span.context };
    try {
      const answer = await context.enter(values, () => next(call));
      if (procedure.stream) {
        const items = answer as AsyncIterable<unknown>;
        return untilLast(items, values, (error) => finish(procedure, measured, span, startMs, error));
      }
      finish(procedure, measured, span, startMs, undefined);
      return answer;
    } catch (error) {
      finish(procedure, measured, span, startMs, error);
      throw error;
    }
  };
}

/** The same items, each made in the context of the call whoever reads it, and `finish` called once: when they end, fail,
 * or are not wanted any more. Not a generator, because one that is left before its first item runs no `finally`. */
function untilLast(
  items: AsyncIterable<unknown>,
  values: ContextValues,
  finish: (error: unknown) => void,
): AsyncIterableIterator<unknown> {
  const iterator = items[Symbol.asyncIterator]();
  let isFinished = false;
  function finishOnce(error?: unknown): void {
    if (isFinished) return;
    isFinished = true;
    finish(error);
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

/** The codes that a contract declares and the platform's own, so that a peer cannot make up series. */
function outcomeOf(procedure: Procedure, error: unknown): string {
  if (!(error instanceof GoblinError)) return 'INTERNAL';
  const isKnown = Object.hasOwn(errorRegistry, error.code) || procedure.errors.includes(error.code);
  return isKnown ? error.code : 'other';
}
