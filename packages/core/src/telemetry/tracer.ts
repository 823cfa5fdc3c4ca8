/** Light spans. Starting one allocates one object; what happens to ended spans is the exporter's matter. */
import type { TraceContext } from '../context.ts';

export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';
export type AttributeValue = string | number | boolean;
export type Attributes = Readonly<Record<string, AttributeValue>>;

export interface Span {
  /** To put into the context, so that what runs below becomes a child. */
  readonly context: TraceContext;
  set(key: string, value: AttributeValue): void;
  /** For what is known only later, such as the route that a request matched. */
  rename(name: string): void;
  /** Something that happened at a moment within the span. */
  event(name: string, attributes?: Attributes): void;
  /** Marks it failed. Spans that failed are kept whatever the sampling said. */
  fail(error: unknown): void;
  /** Ends it once; later calls change nothing.
   * @param endMs when it ended, on the clock of `startMs`. Default now. */
  end(endMs?: number): void;
}

export interface SpanOptions {
  readonly kind?: SpanKind;
  /** Default: the span of the current context. `null` starts a new trace. */
  readonly parent?: TraceContext | null | undefined;
  /** Not copied: it may be shared by many spans and must not change. */
  readonly attributes?: Attributes;
  /** Spans of other traces that led to this one, such as the one that enqueued a task. */
  readonly links?: readonly TraceContext[];
  /** When it began, in monotonic milliseconds (`performance.now()`), for who has just read the clock. Default now. */
  readonly startMs?: number;
}

export interface Tracer {
  start(name: string, options?: SpanOptions): Span;
}

/** What a span failed with. */
export interface SpanError {
  /** The class of what was thrown. */
  readonly type: string;
  readonly message: string;
  /** The code of a GoblinError or of an error of Node. */
  readonly code: string | undefined;
  readonly stack: string | undefined;
}

export interface SpanEvent {
  readonly name: string;
  readonly wallMs: number;
  readonly attributes: Attributes;
}

/** A span as exporters and subscribers of `goblin:span` get it. */
export interface EndedSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly state?: string | undefined;
  /** Milliseconds since the Unix epoch, with fractions. */
  readonly startWallMs: number;
  readonly durationMs: number;
  readonly attributes: Attributes;
  /** Undefined when it did not fail. */
  readonly error: SpanError | undefined;
  readonly events: readonly SpanEvent[];
  readonly links: readonly TraceContext[];
}

/** Takes ended spans that are to be kept. `add` is on the hot path: it must not throw, block or grow without bound. */
export interface SpanExporter {
  add(span: EndedSpan): void;
}
