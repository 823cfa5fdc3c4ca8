/** Where the times of a trace stand beside each other. A trace may go on long after its request was answered: a task that was put off runs
 * a quarter of a minute later. A long time in which nothing ran is drawn short and named, so that what ran can be seen. */
import { duration } from '../../shared/format.ts';
import type { Span } from './trace.ts';
import { ticksOf } from './waterfall.ts';

export interface TimeScale {
  /** From 0 to 100, of milliseconds since the trace began. */
  share(ms: number): number;
  readonly marks: readonly AxisMark[];
}

export interface AxisMark {
  readonly atMs: number;
  readonly text: string;
  /** Whether nothing ran from here on for the time that the text tells. */
  readonly isPause: boolean;
}

interface Pause {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A pause is drawn short when it is longer than this share of the whole trace. So there are three at most. */
const LONG_SHARE = 0.25;
/** What one takes of the width then. */
const PAUSE_SHARE = 0.05;
/** Labels of an axis that are nearer than this would overlap, on a telephone. */
const LABEL_SHARE = 20;

export function timeScale(spans: Iterable<Span>, durationMs: number, ticks: number): TimeScale {
  const pauses = pausesOf(spans, LONG_SHARE * durationMs);
  const busyMs = pauses.reduce((left, { fromMs, toMs }) => left - (toMs - fromMs), durationMs);
  // Where hardly anything ran the pauses are what there is to see.
  const isShortened = busyMs > 0 && pauses.length > 0;
  const drawnMs = isShortened ? busyMs / (1 - pauses.length * PAUSE_SHARE) : durationMs;
  const kept = drawnMs * PAUSE_SHARE || 0;

  function share(ms: number): number {
    if (!(drawnMs > 0)) return 0;
    let drawn = ms;
    if (isShortened)
      for (const { fromMs, toMs } of pauses) {
        const passed = Math.min(Math.max(ms - fromMs, 0), toMs - fromMs);
        drawn -= passed * (1 - kept / (toMs - fromMs));
      }
    return (drawn / drawnMs) * 100;
  }

  return {
    share,
    marks: isShortened ? marksOf(pauses, durationMs, drawnMs, ticks, share) : plain(durationMs, ticks),
  };
}

function plain(durationMs: number, ticks: number): AxisMark[] {
  return ticksOf(durationMs, ticks).map(markAt);
}

function markAt(atMs: number): AxisMark {
  return { atMs, text: atMs === 0 ? '0' : duration(atMs), isPause: false };
}

/** Pauses by their length, between them round times as far as there is room. */
function marksOf(
  pauses: readonly Pause[],
  durationMs: number,
  drawnMs: number,
  ticks: number,
  share: (ms: number) => number,
): AxisMark[] {
  const marks = pauses.map(
    ({ fromMs, toMs }): AxisMark => ({ atMs: fromMs, text: `… ${duration(toMs - fromMs)}`, isPause: true }),
  );
  const step = ticksOf(drawnMs, ticks)[1] ?? drawnMs;
  const stretches = [0, ...pauses.map(({ toMs }) => toMs)];
  for (const [index, fromMs] of stretches.entries()) {
    const toMs = pauses[index]?.fromMs ?? durationMs;
    for (let at = Math.ceil(fromMs / step); at * step <= toMs; at++) {
      const mark = markAt(at * step);
      const isFree = marks.every(({ atMs }) => Math.abs(share(atMs) - share(mark.atMs)) >= LABEL_SHARE);
      if (isFree) marks.push(mark);
    }
  }
  return marks.sort((one, other) => one.atMs - other.atMs);
}

/** Between what ran, longer than so. */
function pausesOf(spans: Iterable<Span>, longerThanMs: number): Pause[] {
  const sorted = [...spans].sort((one, other) => one.startMs - other.startMs);
  const pauses: Pause[] = [];
  let endMs = 0;
  for (const span of sorted) {
    if (span.startMs - endMs > longerThanMs) pauses.push({ fromMs: endMs, toMs: span.startMs });
    endMs = Math.max(endMs, span.endMs);
  }
  return pauses;
}
