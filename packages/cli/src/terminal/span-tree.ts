/** A trace as a tree of spans, each with its bar on the time of the whole. */
import type { Colours } from './colours.ts';
import { cut, widthOf } from './text.ts';

/** A span as the server tells it: times in nanoseconds are texts. */
export interface ShownSpan {
  readonly spanId: string;
  readonly parentId?: string;
  readonly name: string;
  readonly service: string;
  readonly startNs: string;
  readonly durationNs: number;
  readonly status: 'unset' | 'ok' | 'error';
  readonly statusMessage?: string;
}

const DEFAULT_COLUMNS = 120;
const BAR = 40;
const TIME = 10;

export function spanTree(spans: readonly ShownSpan[], colours: Colours, width = DEFAULT_COLUMNS): string[] {
  if (spans.length === 0) return [];
  const startOf = ({ startNs }: ShownSpan): number => Number(BigInt(startNs) - firstNs) / 1e6;
  const firstNs = spans.reduce((least, { startNs }) => {
    const ns = BigInt(startNs);
    return ns < least ? ns : least;
  }, BigInt(spans[0]!.startNs));
  const wholeMs = Math.max(...spans.map((span) => startOf(span) + span.durationNs / 1e6), 0.001);
  const known = new Set(spans.map(({ spanId }) => spanId));
  const children = Map.groupBy(spans, ({ parentId }) => (parentId && known.has(parentId) ? parentId : ''));
  const nameWidth = Math.max(20, width - BAR - TIME - 2);
  const lines: string[] = [];

  function add(span: ShownSpan, before: string, isLast: boolean, isRoot: boolean): void {
    const branch = isRoot ? '' : isLast ? '└ ' : '├ ';
    const failed = span.status === 'error';
    const why = failed && span.statusMessage ? ` ${span.statusMessage}` : '';
    const title = `${colours.dim(before + branch)}${colours.bold(span.service)} ${span.name}${failed ? colours.red(` ✗${why}`) : ''}`;
    const shown = cut(title, nameWidth);
    const durationMs = span.durationNs / 1e6;
    const time = `${durationMs.toFixed(durationMs < 10 ? 2 : 0)} ms`.padStart(TIME);
    const bar = barOf(startOf(span) / wholeMs, durationMs / wholeMs);
    lines.push(
      `${shown}${' '.repeat(nameWidth - widthOf(shown))}${time} ${failed ? colours.red(bar) : colours.cyan(bar)}`,
    );
    const own = (children.get(span.spanId) ?? []).toSorted((a, b) => startOf(a) - startOf(b));
    const below = isRoot ? '' : before + (isLast ? '  ' : '│ ');
    for (const child of own) add(child, below, child === own.at(-1), false);
  }

  for (const root of (children.get('') ?? []).toSorted((a, b) => startOf(a) - startOf(b)))
    add(root, '', true, true);
  return lines;
}

function barOf(start: number, length: number): string {
  const from = Math.min(BAR - 1, Math.floor(start * BAR));
  const to = Math.max(from + 1, Math.min(BAR, Math.ceil((start + length) * BAR)));
  return `${' '.repeat(from)}${'━'.repeat(to - from)}`;
}
