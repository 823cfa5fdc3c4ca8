/** One span, one duration and one outcome per call, on the server's side and on the client's. The span becomes
 * the current one for what runs below. A stream is measured until its last item. */
import type { Call, CallFilter } from '../call.ts';
import { context } from '../context.ts';
import type { Procedure } from '../contract.ts';
import { GoblinError } from '../errors.ts';
import type { Histogram } from './metrics.ts';
import type { Telemetry } from './telemetry.ts';
import type { Span } from './tracer.ts';

/** The names are those of OpenTelemetry's RPC conventions, which has rpc.{server,client}.call.duration. */
export function withTelemetry(side: 'server' | 'client', telemetry: Telemetry): CallFilter {
  const durations = telemetry.metrics.histogram(`rpc_${side}_call_duration_seconds`, {
    help:
      side === 'server'
        ? 'Time this instance took to answer a call.'
        : 'Time a call took as its caller saw it, retries included.',
    labels: ['service', 'procedure', 'outcome'],
  });
  const series = new Map<string, Histogram>();

  function record(procedure: Procedure, outcome: string, startedMs: number): void {
    const key = `${procedure.path} ${outcome}`;
    let histogram = series.get(key);
    if (!histogram) {
      histogram = durations.with(procedure.contract, procedure.name, outcome);
      series.set(key, histogram);
    }
    histogram.record((performance.now() - startedMs) / 1_000);
  }

  function finish(call: Call, span: Span, startedMs: number, error: unknown): void {
    if (error !== undefined) span.fail(error);
    context.run({ trace: span.context }, () => record(call.procedure, outcomeOf(error), startedMs));
    span.end();
  }

  return async (call, next) => {
    const startedMs = performance.now();
    const span = telemetry.tracer.start(call.procedure.path.slice(1), { kind: side });
    try {
      const answer = await context.run({ trace: span.context }, () => next(call));
      if (call.procedure.stream)
        return measured(answer as AsyncIterable<unknown>, (error) => finish(call, span, startedMs, error));
      finish(call, span, startedMs, undefined);
      return answer;
    } catch (error) {
      finish(call, span, startedMs, error);
      throw error;
    }
  };
}

async function* measured(
  items: AsyncIterable<unknown>,
  finish: (error?: unknown) => void,
): AsyncGenerator<unknown> {
  let failure: unknown;
  try {
    yield* items;
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    finish(failure);
  }
}

function outcomeOf(error: unknown): string {
  if (error === undefined) return 'ok';
  return error instanceof GoblinError ? error.code : 'INTERNAL';
}
