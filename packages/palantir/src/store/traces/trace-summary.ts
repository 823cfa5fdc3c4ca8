/** What is known of a trace without its spans: the row that a list of traces shows and a search filters by. A trace can come in
 * parts (its spans arrive at different times), which add up. */
import type { SpanRecord } from '../../model.ts';

const NS_PER_MS = 1e6;

export interface TraceSummary {
  readonly traceId: string;
  /** Of the span without a parent; where that is not there (yet), of none. */
  readonly rootName?: string;
  readonly rootService?: string;
  /** Of the first span, in milliseconds since the Unix epoch. */
  readonly startMs: number;
  /** From the start of the first span to the end of the last. */
  readonly durationMs: number;
  /** All that have a span in it, in order of their names. */
  readonly services: readonly string[];
  readonly errors: number;
  readonly spans: number;
}

export function summaryOfSpan(span: SpanRecord): TraceSummary {
  const isRoot = span.parentId === undefined;
  return {
    traceId: span.traceId,
    ...(isRoot && { rootName: span.name, rootService: span.service }),
    startMs: startMsOf(span),
    durationMs: span.durationNs / NS_PER_MS,
    services: [span.service],
    errors: span.status === 'error' ? 1 : 0,
    spans: 1,
  };
}

/** Of parts of one trace, at least one. Of several roots the earliest counts. */
export function joinSummaries(parts: readonly TraceSummary[]): TraceSummary {
  if (parts.length === 1) return parts[0]!;
  let [startMs, endMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let root: TraceSummary | undefined;
  let [errors, spans] = [0, 0];
  const services = new Set<string>();
  for (const part of parts) {
    startMs = Math.min(startMs, part.startMs);
    endMs = Math.max(endMs, part.startMs + part.durationMs);
    if (part.rootName !== undefined && !(root && root.startMs <= part.startMs)) root = part;
    for (const service of part.services) services.add(service);
    errors += part.errors;
    spans += part.spans;
  }
  return {
    traceId: parts[0]!.traceId,
    ...(root && { rootName: root.rootName!, rootService: root.rootService! }),
    startMs,
    durationMs: endMs - startMs,
    services: [...services].sort(),
    errors,
    spans,
  };
}

export function startMsOf({ startNs }: SpanRecord): number {
  return Number(startNs / 1_000n) / 1_000;
}
