/** Our spans as `@opentelemetry/api` sees them. */
import type * as otel from '@opentelemetry/api';
import type { TraceContext } from '../context.ts';
import { LightSpan } from './light-span.ts';
import type { Attributes, AttributeValue, Span } from './tracer.ts';

const SAMPLED_FLAG = 1;
const STATUS_ERROR = 2;

/** A span of ours behind the API's interface. */
export class BridgedSpan implements otel.Span {
  readonly #span: Span;
  readonly #spanContext: otel.SpanContext;
  #exception: unknown;

  constructor(span: Span, spanContext: otel.SpanContext) {
    this.#span = span;
    this.#spanContext = spanContext;
  }

  get trace(): TraceContext {
    return this.#span.context;
  }

  spanContext(): otel.SpanContext {
    return this.#spanContext;
  }

  setAttribute(key: string, value: unknown): this {
    const known = attributeValue(value);
    if (known !== undefined) this.#span.set(key, known);
    return this;
  }

  setAttributes(attributes: otel.Attributes): this {
    for (const [key, value] of Object.entries(attributes)) this.setAttribute(key, value);
    return this;
  }

  /** Its time is that of the call: a time given is not kept. */
  addEvent(name: string, attributesOrTime?: otel.Attributes | otel.TimeInput): this {
    this.#span.event(name, isTime(attributesOrTime) ? {} : attributesOf(attributesOrTime));
    return this;
  }

  /** Links are taken when a span starts; one that comes later is kept as an event. */
  addLink(link: otel.Link): this {
    this.#span.event('link', { 'link.trace_id': link.context.traceId, 'link.span_id': link.context.spanId });
    return this;
  }

  addLinks(links: readonly otel.Link[]): this {
    for (const link of links) this.addLink(link);
    return this;
  }

  setStatus(status: otel.SpanStatus): this {
    if (status.code === STATUS_ERROR)
      this.#span.fail(this.#exception ?? new Error(status.message ?? 'failed'));
    return this;
  }

  updateName(name: string): this {
    this.#span.rename(name);
    return this;
  }

  /** The standard leaves the status alone here; the exception is shown when the status becomes an error. */
  recordException(exception: otel.Exception): void {
    this.#exception = exception;
    const { name = 'Error', message } = typeof exception === 'string' ? { message: exception } : exception;
    this.#span.event('exception', { 'exception.type': name, 'exception.message': message ?? '' });
  }

  end(endTime?: otel.TimeInput): void {
    this.#span.end(monotonicMs(endTime));
  }

  isRecording(): boolean {
    return !(this.#span instanceof LightSpan && this.#span.isEnded);
  }
}

/** Translates between trace contexts of ours and spans of the API. Each has one counterpart as long as it lives, so
 * that a context that crosses the bridge twice is the same again. */
export interface SpanTranslator {
  spanOf(trace: TraceContext): otel.Span;
  traceOf(span: otel.Span | undefined): TraceContext | undefined;
}

export function spanTranslator(api: typeof otel): SpanTranslator {
  const spans = new WeakMap<TraceContext, otel.Span>();
  const traces = new WeakMap<otel.Span, TraceContext>();
  return {
    spanOf(trace) {
      let span = spans.get(trace);
      if (!span) {
        const spanContext: otel.SpanContext = {
          traceId: trace.traceId,
          spanId: trace.spanId,
          traceFlags: trace.sampled ? SAMPLED_FLAG : 0,
          ...(trace.state !== undefined && { traceState: api.createTraceState(trace.state) }),
        };
        span =
          trace instanceof LightSpan
            ? new BridgedSpan(trace, spanContext)
            : api.trace.wrapSpanContext({ ...spanContext, isRemote: true });
        spans.set(trace, span);
        traces.set(span, trace);
      }
      return span;
    },
    traceOf(span) {
      if (!span) return undefined;
      if (span instanceof BridgedSpan) return span.trace;
      let trace = traces.get(span);
      if (!trace && api.isSpanContextValid(span.spanContext())) {
        const { traceId, spanId, traceFlags, traceState } = span.spanContext();
        const sampled = (traceFlags & SAMPLED_FLAG) === SAMPLED_FLAG;
        trace = { traceId, spanId, sampled, state: traceState?.serialize() || undefined };
        traces.set(span, trace);
        spans.set(trace, span);
      }
      return trace;
    },
  };
}

/** Attributes with lists and objects, which our spans do not have, as JSON. */
export function attributesOf(attributes: object | undefined): Attributes {
  const known: Record<string, AttributeValue> = {};
  for (const [key, value] of Object.entries(attributes ?? {})) {
    const one = attributeValue(value);
    if (one !== undefined) known[key] = one;
  }
  return known;
}

function attributeValue(value: unknown): AttributeValue | undefined {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return value === undefined || value === null ? undefined : JSON.stringify(value);
}

function isTime(value: unknown): value is otel.TimeInput {
  return typeof value === 'number' || value instanceof Date || Array.isArray(value);
}

/** A time of the API (a Date, epoch milliseconds, `performance.now()`, or seconds and nanoseconds) on the monotonic
 * clock. */
export function monotonicMs(time: otel.TimeInput | undefined): number | undefined {
  if (time === undefined) return undefined;
  if (typeof time === 'number' && time < performance.timeOrigin) return time;
  const epochMs = Array.isArray(time) ? time[0] * 1_000 + time[1] / 1e6 : Number(time);
  return epochMs - performance.timeOrigin;
}
