/** The span that the platform's tracer makes. It is its own trace context, so that a span costs one object.
 * Limits: MAX_ATTRIBUTES and MAX_EVENTS per span, MAX_TEXT_LENGTH characters per value; what goes beyond is left out. */
import { context, type TraceContext } from '../context.ts';
import { SpanIds } from './span-ids.ts';
import type {
  Attributes,
  AttributeValue,
  EndedSpan,
  Span,
  SpanError,
  SpanEvent,
  SpanKind,
  SpanOptions,
} from './tracer.ts';
import { UnsampledTrace } from './unsampled-trace.ts';

export const MAX_ATTRIBUTES = 128;
export const MAX_EVENTS = 64;
export const MAX_TEXT_LENGTH = 4_096;

const NO_ATTRIBUTES: Attributes = {};
const NOTHING: readonly never[] = [];

/** What all spans of a tracer share. */
export interface SpanHome {
  now(): number;
  /** Milliseconds since the Unix epoch of a moment on the monotonic clock. */
  wallOf(ms: number): number;
  samples(span: LightSpan): boolean;
  ended(span: LightSpan): void;
}

export class LightSpan extends SpanIds implements Span, TraceContext, EndedSpan {
  readonly sampled: boolean;
  readonly state: string | undefined;
  readonly #home: SpanHome;
  /** What decides on the span when it is not sampled. */
  readonly #unsampled: UnsampledTrace | undefined;
  readonly #parent: TraceContext | undefined;
  readonly #kind: SpanKind;
  readonly #startMs: number;
  readonly #links: readonly TraceContext[];
  #endMs = -1;
  #name: string;
  #attributes: Attributes;
  /** How many attributes were set on the span itself; with the first one, it gets a record of its own. */
  #attributesSet = 0;
  #events: SpanEvent[] | undefined;
  #failed = false;
  #failure: unknown;

  constructor(home: SpanHome, name: string, options: SpanOptions) {
    const parent = (options.parent === undefined ? context.trace : options.parent) ?? undefined;
    super(parent);
    this.#home = home;
    this.#parent = parent;
    this.sampled = parent ? parent.sampled : home.samples(this);
    this.state = parent?.state;
    if (this.sampled) this.#unsampled = undefined;
    else this.#unsampled = (parent instanceof LightSpan && parent.#unsampled) || new UnsampledTrace(this);
    this.#name = name;
    this.#kind = options.kind ?? 'internal';
    this.#attributes = options.attributes ?? NO_ATTRIBUTES;
    this.#links = options.links ?? NOTHING;
    this.#startMs = options.startMs ?? home.now();
  }

  get context(): TraceContext {
    return this;
  }

  set(key: string, value: AttributeValue): void {
    if (this.isEnded || this.#attributesSet >= MAX_ATTRIBUTES) return;
    if (this.#attributesSet++ === 0) this.#attributes = { ...this.#attributes };
    (this.#attributes as Record<string, AttributeValue>)[key] =
      typeof value === 'string' ? value.slice(0, MAX_TEXT_LENGTH) : value;
  }

  rename(name: string): void {
    if (!this.isEnded) this.#name = name;
  }

  event(name: string, attributes: Attributes = NO_ATTRIBUTES): void {
    if (this.isEnded) return;
    this.#events ??= [];
    if (this.#events.length < MAX_EVENTS)
      this.#events.push({ name, attributes, wallMs: this.#home.wallOf(this.#home.now()) });
  }

  fail(error: unknown): void {
    if (this.isEnded) return;
    this.#failed = true;
    this.#failure = error;
  }

  end(endMs?: number): void {
    if (this.isEnded) return;
    this.#endMs = Math.max(this.#startMs, endMs ?? this.#home.now());
    this.#home.ended(this);
  }

  /** The spans to export now that this one, which is not sampled, has ended. */
  keptWith(slowMs: number): readonly LightSpan[] {
    return this.#unsampled?.ended(this, slowMs) ?? [this];
  }

  get isEnded(): boolean {
    return this.#endMs >= 0;
  }

  get failed(): boolean {
    return this.#failed;
  }

  get name(): string {
    return this.#name;
  }

  get kind(): SpanKind {
    return this.#kind;
  }

  get parentSpanId(): string | undefined {
    return this.#parent?.spanId;
  }

  get startWallMs(): number {
    return this.#home.wallOf(this.#startMs);
  }

  get durationMs(): number {
    return this.#endMs - this.#startMs;
  }

  get attributes(): Attributes {
    return this.#attributes;
  }

  get events(): readonly SpanEvent[] {
    return this.#events ?? NOTHING;
  }

  get links(): readonly TraceContext[] {
    return this.#links;
  }

  get error(): SpanError | undefined {
    return this.#failed ? describe(this.#failure) : undefined;
  }
}

function describe(failure: unknown): SpanError {
  if (!(failure instanceof Error))
    return { type: typeof failure, message: clip(String(failure)), code: undefined, stack: undefined };
  const { code } = failure as { code?: unknown };
  return {
    type: failure.name,
    message: clip(failure.message),
    code: typeof code === 'string' ? code : undefined,
    stack: failure.stack === undefined ? undefined : clip(failure.stack),
  };
}

function clip(text: string): string {
  return text.slice(0, MAX_TEXT_LENGTH);
}
