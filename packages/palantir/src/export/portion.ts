/** What goes out in one request: so many points, log lines or spans that memory stays small and a receiver takes it. */
import type { Labels, LogLine, SpanRecord } from '../model.ts';
import type { ExemplarPoint } from '../store/metrics/exemplar-select.ts';
import type { SelectedSeries } from '../store/metrics/packed-series.ts';

export type Signal = 'metrics' | 'logs' | 'traces';
export const SIGNALS: readonly Signal[] = ['metrics', 'logs', 'traces'];

/** Points, lines or spans of one portion. */
export const MAX_ITEMS = 5_000;
/** Of their texts, roughly: what has long labels or bodies makes smaller portions. */
export const MAX_CHARACTERS: number = 2 * 1_048_576;

export interface ExportedSeries extends SelectedSeries {
  /** Of these samples, in order of time: each belongs to the first sample at its time or after it. */
  readonly exemplars?: readonly ExemplarPoint[];
}

export type Portion =
  | { readonly signal: 'metrics'; readonly series: readonly ExportedSeries[] }
  | { readonly signal: 'logs'; readonly lines: readonly LogLine[] }
  | { readonly signal: 'traces'; readonly spans: readonly SpanRecord[] };

/** How many points, lines or spans. */
export function sizeOf(portion: Portion): number {
  if (portion.signal === 'logs') return portion.lines.length;
  if (portion.signal === 'traces') return portion.spans.length;
  return portion.series.reduce((sum, { times }) => sum + times.length, 0);
}

/** For a receiver that refuses the whole for the sake of a part. Undefined where there is but one. */
export function halvesOf(portion: Portion): readonly [Portion, Portion] | undefined {
  if (portion.signal === 'logs') {
    const [first, second] = halves(portion.lines);
    return second.length > 0 && first.length > 0
      ? [
          { signal: 'logs', lines: first },
          { signal: 'logs', lines: second },
        ]
      : undefined;
  }
  if (portion.signal === 'traces') {
    const [first, second] = halves(portion.spans);
    return second.length > 0 && first.length > 0
      ? [
          { signal: 'traces', spans: first },
          { signal: 'traces', spans: second },
        ]
      : undefined;
  }
  const [first, second] = halves(portion.series);
  return second.length > 0 && first.length > 0
    ? [
        { signal: 'metrics', series: first },
        { signal: 'metrics', series: second },
      ]
    : undefined;
}

/** Those that belong to the samples from the one at `from` until before the one at `to`. */
export function exemplarsOf(
  { times, exemplars = [] }: ExportedSeries,
  from: number,
  to: number,
): readonly ExemplarPoint[] {
  const afterMs = from === 0 ? Number.NEGATIVE_INFINITY : times[from - 1]!;
  return exemplars.filter(({ atMs }) => atMs > afterMs && atMs <= times[to - 1]!);
}

function halves<T>(all: readonly T[]): readonly [T[], T[]] {
  const middle = all.length >> 1;
  return [all.slice(0, middle), all.slice(middle)];
}

export function charactersOf(labels: Labels): number {
  let characters = 0;
  for (const name in labels) characters += name.length + labels[name]!.length;
  return characters;
}
