/** Light spans. Starting one allocates one object; what happens to ended spans is the exporter's matter. */
import type { TraceContext } from '../context.ts';

export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';
export type AttributeValue = string | number | boolean;

export interface Span {
  /** To put into the context, so that what runs below becomes a child. */
  readonly context: TraceContext;
  set(key: string, value: AttributeValue): void;
  /** Marks it failed. Spans that failed are kept whatever the sampling said. */
  fail(error: unknown): void;
  /** Ends it once; later calls change nothing. */
  end(): void;
}

export interface SpanOptions {
  readonly kind?: SpanKind;
  /** Default: the span of the current context. `null` starts a new trace. */
  readonly parent?: TraceContext | null;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

export interface Tracer {
  start(name: string, options?: SpanOptions): Span;
}
