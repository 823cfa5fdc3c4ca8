/** Two traces side by side. Spans are one where service, name and the way from the root are the same; of several such below one parent
 * the first goes with the first, the second with the second. */
import type { SpanRecord, SpanStatus } from '../../model.ts';

export interface ComparedSpan {
  readonly spanId: string;
  /** From the start of its trace. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly status: SpanStatus;
}

/** At least one of both. */
export interface SpanPair {
  readonly service: string;
  readonly name: string;
  /** 0 for a root. */
  readonly depth: number;
  readonly a?: ComparedSpan;
  readonly b?: ComparedSpan;
  /** How much longer it took in b, where both have it. */
  readonly differenceMs?: number;
}

type Children = ReadonlyMap<string, readonly SpanRecord[]>;

interface Place {
  readonly a: SpanRecord | undefined;
  readonly b: SpanRecord | undefined;
  readonly depth: number;
}

const NS_PER_MS = 1e6;
/** What lies under spans that are their own ancestors is under no root: a damaged trace shows the rest. */
const ROOTS = '';

/** Parents before their children, and these in the order in which they began. */
export function compareTraces(a: readonly SpanRecord[], b: readonly SpanRecord[]): SpanPair[] {
  const [childrenA, childrenB] = [childrenOf(a), childrenOf(b)];
  const [startA, startB] = [startOf(a), startOf(b)];
  const pairs: SpanPair[] = [];
  const open: Place[] = placesOf(childrenA.get(ROOTS), childrenB.get(ROOTS), 0).reverse();
  for (let place = open.pop(); place; place = open.pop()) {
    const { a: one, b: other, depth } = place;
    const { service, name } = (one ?? other)!;
    pairs.push({
      service,
      name,
      depth,
      ...(one && { a: compared(one, startA) }),
      ...(other && { b: compared(other, startB) }),
      ...(one && other && { differenceMs: (other.durationNs - one.durationNs) / NS_PER_MS }),
    });
    const below = placesOf(one && childrenA.get(one.spanId), other && childrenB.get(other.spanId), depth + 1);
    open.push(...below.reverse());
  }
  return pairs;
}

/** By the parent's id, in the order of their starts; a span whose parent is not there is a root. */
function childrenOf(spans: readonly SpanRecord[]): Children {
  const known = new Set(spans.map(({ spanId }) => spanId));
  const sorted = spans.toSorted((one, other) =>
    one.startNs < other.startNs ? -1 : one.startNs > other.startNs ? 1 : 0,
  );
  return Map.groupBy(sorted, ({ spanId, parentId }) =>
    parentId !== undefined && parentId !== spanId && known.has(parentId) ? parentId : ROOTS,
  );
}

function placesOf(a: readonly SpanRecord[] = [], b: readonly SpanRecord[] = [], depth: number): Place[] {
  const left = Map.groupBy(b, keyOf);
  const places: Place[] = a.map((one) => ({ a: one, b: left.get(keyOf(one))?.shift(), depth }));
  for (const other of b)
    if (left.get(keyOf(other))?.includes(other)) places.push({ a: undefined, b: other, depth });
  return places;
}

function keyOf({ service, name }: SpanRecord): string {
  return JSON.stringify([service, name]);
}

function startOf(spans: readonly SpanRecord[]): bigint {
  return spans.reduce((first, { startNs }) => (startNs < first ? startNs : first), spans[0]?.startNs ?? 0n);
}

function compared({ spanId, startNs, durationNs, status }: SpanRecord, traceStartNs: bigint): ComparedSpan {
  return {
    spanId,
    startMs: Number(startNs - traceStartNs) / NS_PER_MS,
    durationMs: durationNs / NS_PER_MS,
    status,
  };
}
