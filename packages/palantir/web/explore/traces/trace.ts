/** A trace as the server gives it, made ready to be drawn: a tree of spans with times in milliseconds since the trace began.
 * Spans whose parent is not there, or that are their own ancestors, are roots. */
import type { SpanMoment, SpanRecord } from '../../../src/model.ts';
import type { TraceSummary } from '../../../src/store/traces/trace-summary.ts';

/** Nanoseconds come as texts: they are more than a number of JSON holds. */
export type SentSpan = Omit<SpanRecord, 'startNs' | 'events'> & {
  readonly startNs: string;
  readonly events: readonly (Omit<SpanMoment, 'atNs'> & { readonly atNs: string })[];
};

export interface SentTrace {
  readonly summary: TraceSummary;
  readonly spans: readonly SentSpan[];
}

export interface Span {
  readonly sent: SentSpan;
  readonly id: string;
  readonly startMs: number;
  readonly endMs: number;
  /** By their start. */
  readonly children: Span[];
  /** Of all below it. */
  descendants: number;
  depth: number;
}

export interface Trace {
  readonly summary: TraceSummary;
  readonly roots: readonly Span[];
  readonly byId: ReadonlyMap<string, Span>;
  readonly durationMs: number;
  /** The earliest start, which is 0 on its axis. */
  readonly beganNs: bigint;
}

const NS_PER_MS = 1e6;

export function traceOf({ summary, spans }: SentTrace): Trace {
  const beganNs = spans.reduce(
    (least, { startNs }) => (BigInt(startNs) < least ? BigInt(startNs) : least),
    BigInt(spans[0]?.startNs ?? 0),
  );
  const byId = new Map<string, Span>();
  for (const sent of spans) {
    const startMs = Number(BigInt(sent.startNs) - beganNs) / NS_PER_MS;
    const endMs = startMs + sent.durationNs / NS_PER_MS;
    byId.set(sent.spanId, { sent, id: sent.spanId, startMs, endMs, children: [], descendants: 0, depth: 0 });
  }
  const roots: Span[] = [];
  const rings = spansInRings(byId);
  for (const span of byId.values()) {
    const parent = rings.has(span) ? undefined : byId.get(span.sent.parentId ?? '');
    if (parent) parent.children.push(span);
    else roots.push(span);
  }
  sort(roots);
  measure(roots);
  let durationMs = 0;
  for (const { endMs } of byId.values()) durationMs = Math.max(durationMs, endMs);
  return { summary, roots, byId, durationMs, beganNs };
}

/** Those from which going up leads back. Each span is walked over once. */
function spansInRings(byId: ReadonlyMap<string, Span>): ReadonlySet<Span> {
  const rings = new Set<Span>();
  const walkOf = new Map<Span, number>();
  let walk = 0;
  for (const first of byId.values()) {
    walk++;
    let span: Span | undefined = first;
    for (; span && !walkOf.has(span); span = byId.get(span.sent.parentId ?? '')) walkOf.set(span, walk);
    if (!span || walkOf.get(span) !== walk) continue;
    for (; !rings.has(span); span = byId.get(span.sent.parentId ?? '')!) rings.add(span);
  }
  return rings;
}

/** Without recursion: a chain of 10,000 spans is no deeper than another one. */
function measure(roots: readonly Span[]): void {
  const order: Span[] = [];
  const open = [...roots];
  for (let span = open.pop(); span; span = open.pop()) {
    order.push(span);
    sort(span.children);
    for (const child of span.children) {
      child.depth = span.depth + 1;
      open.push(child);
    }
  }
  for (const span of order.reverse()) {
    for (const child of span.children) span.descendants += child.descendants + 1;
  }
}

function sort(spans: Span[]): void {
  spans.sort((one, other) => one.startMs - other.startMs || other.endMs - one.endMs);
}
