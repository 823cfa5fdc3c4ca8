/** Which rows a waterfall has: the spans in the order of their tree, without those below a folded one. */
import type { Span } from './trace.ts';

export function rowsOf(roots: readonly Span[], folded: ReadonlySet<string>): Span[] {
  const rows: Span[] = [];
  const open = roots.toReversed();
  for (let span = open.pop(); span; span = open.pop()) {
    rows.push(span);
    if (folded.has(span.id)) continue;
    for (let index = span.children.length - 1; index >= 0; index--) open.push(span.children[index]!);
  }
  return rows;
}

/** The folded spans that hide this one. */
export function foldedAbove(
  span: Span,
  byId: ReadonlyMap<string, Span>,
  folded: ReadonlySet<string>,
): string[] {
  const above: string[] = [];
  const seen = new Set<string>();
  for (
    let parent = byId.get(span.sent.parentId ?? '');
    parent;
    parent = byId.get(parent.sent.parentId ?? '')
  ) {
    if (seen.has(parent.id)) break;
    seen.add(parent.id);
    if (folded.has(parent.id)) above.push(parent.id);
  }
  return above;
}

/** Round times for an axis, from 0 on. */
export function ticksOf(durationMs: number, wanted: number): number[] {
  if (!(durationMs > 0)) return [0];
  const least = durationMs / wanted;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= least)!;
  return Array.from({ length: Math.floor(durationMs / step) + 1 }, (_, index) => index * step);
}
