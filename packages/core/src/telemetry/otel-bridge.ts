/** Joins libraries that are instrumented with `@opentelemetry/api` to our tracing: their spans become children of ours,
 * ours become children of theirs, both are sampled, kept and exported alike, and what they propagate is W3C. The API
 * is loaded here and not before, so that a process that does not bridge pays nothing for it. */
import type * as otel from '@opentelemetry/api';
import { context } from '../context.ts';
import { GoblinError } from '../errors.ts';
import { joinedContextManager, joinedPropagator } from './otel-context.ts';
import { attributesOf, monotonicMs, type SpanTranslator, spanTranslator } from './otel-span.ts';
import { UNTRACED } from './otlp-request.ts';
import type { SpanKind, SpanOptions, Tracer } from './tracer.ts';

/** In the order of the API's SpanKind. */
const KINDS: readonly SpanKind[] = ['internal', 'server', 'client', 'producer', 'consumer'];
/** What OpenTelemetry's own packages set where no spans are wanted. */
const SUPPRESSED = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** Registers the tracer with the API, for the whole process, until what it returns is disposed.
 * @throws ALREADY_EXISTS when an OpenTelemetry SDK is registered already */
export async function bridgeOpenTelemetry(tracer: Tracer): Promise<Disposable> {
  const api: typeof otel = await import('@opentelemetry/api');
  const translator = spanTranslator(api);
  const parts = new DisposableStack();
  function register(what: string, isRegistered: boolean, unregister: () => void): void {
    if (isRegistered) return void parts.defer(unregister);
    parts.dispose();
    throw new GoblinError('ALREADY_EXISTS', {
      message: `OpenTelemetry has a ${what} in this process already: leave out its SDK, or do not bridge`,
    });
  }
  const provider = tracerProvider(api, tracer, translator);
  register('tracer provider', api.trace.setGlobalTracerProvider(provider), () => api.trace.disable());
  const manager = joinedContextManager(api, translator);
  register('context manager', api.context.setGlobalContextManager(manager), () => api.context.disable());
  const propagator = joinedPropagator(api, translator);
  register('propagator', api.propagation.setGlobalPropagator(propagator), () => api.propagation.disable());
  return parts;
}

function tracerProvider(api: typeof otel, tracer: Tracer, translator: SpanTranslator): otel.TracerProvider {
  return {
    getTracer(scope) {
      function startSpan(
        name: string,
        options: otel.SpanOptions = {},
        from = api.context.active(),
      ): otel.Span {
        if (from.getValue(SUPPRESSED) || context.trace === UNTRACED)
          return api.trace.wrapSpanContext(api.INVALID_SPAN_CONTEXT);
        const parent = options.root ? undefined : translator.traceOf(api.trace.getSpan(from));
        const startMs = monotonicMs(options.startTime);
        const ours: SpanOptions = {
          kind: KINDS[options.kind ?? 0] ?? 'internal',
          parent: parent ?? null,
          attributes: { ...attributesOf(options.attributes), 'otel.scope.name': scope },
          links: (options.links ?? []).map(({ context: { traceId, spanId } }) => ({
            traceId,
            spanId,
            sampled: true,
          })),
          ...(startMs !== undefined && { startMs }),
        };
        return translator.spanOf(tracer.start(name, ours).context);
      }

      function startActiveSpan(name: string, ...rest: unknown[]): unknown {
        const work = rest.pop() as (span: otel.Span) => unknown;
        const [options, from = api.context.active()] = rest as [otel.SpanOptions?, otel.Context?];
        const span = startSpan(name, options, from);
        return api.context.with(api.trace.setSpan(from, span), work, undefined, span);
      }

      return { startSpan, startActiveSpan: startActiveSpan as otel.Tracer['startActiveSpan'] };
    },
  };
}
