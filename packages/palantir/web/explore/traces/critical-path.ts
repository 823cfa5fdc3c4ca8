/** The critical path: at each moment of a trace the span that its end waited for. It is found from the end backwards, as Jaeger does:
 * of the children that end before the moment the last to end takes over, until its start; what no child covers is the span's own. */
import type { Span } from './trace.ts';

export interface PathPiece {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Of each span on the path, when it was on it. */
export function criticalPath(root: Span): ReadonlyMap<string, readonly PathPiece[]> {
  const pieces = new Map<string, PathPiece[]>();
  const add = (span: Span, fromMs: number, toMs: number): void => {
    if (toMs <= fromMs) return;
    const known = pieces.get(span.id) ?? [];
    pieces.set(span.id, known);
    known.push({ fromMs, toMs });
  };
  const open: { span: Span; untilMs: number }[] = [{ span: root, untilMs: root.endMs }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { span, untilMs } = next;
    let atMs = Math.min(untilMs, span.endMs);
    const children = span.children.toSorted((one, other) => other.endMs - one.endMs);
    for (const child of children) {
      // One that outlives its parent was not waited for, nor one beside another that ends later.
      if (child.endMs > atMs || child.startMs < span.startMs) continue;
      add(span, child.endMs, atMs);
      open.push({ span: child, untilMs: child.endMs });
      atMs = child.startMs;
    }
    add(span, span.startMs, atMs);
  }
  return pieces;
}
