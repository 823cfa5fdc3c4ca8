/** Counts lines over time: at each step those within a range before it, apart by the values of some labels. A line adds one where it
 * comes into the range and takes it back where it leaves it, so ranges and steps may be anything. */
import { GoblinError } from '@goblin/core';
import type { Labels, LogLine } from '../../model.ts';
import { lineLabel } from '../../query/logs/line-labels.ts';

export const MAX_COUNT_STEPS = 11_000;
export const MAX_COUNT_SERIES = 200;

/** At `startMs`, `startMs + stepMs` …: the lines from `rangeMs` before it to just before it. */
export interface CountSteps {
  readonly startMs: number;
  readonly stepMs: number;
  readonly steps: number;
  readonly rangeMs: number;
  readonly by: readonly string[];
}

export interface CountSeries {
  readonly labels: Labels;
  /** One for each step. */
  readonly counts: readonly number[];
}

export class LineCounts {
  readonly #steps: CountSteps;
  /** By labels: what each step has more than the one before. */
  readonly #changes = new Map<string, { readonly labels: Labels; readonly changes: Float64Array }>();

  constructor(steps: CountSteps) {
    this.#steps = steps;
  }

  /** @throws RESOURCE_EXHAUSTED */
  addLine(line: LogLine): void {
    this.add(
      this.#steps.by.map((label) => lineLabel(line, label)),
      line.atMs,
      1,
    );
  }

  /** @param values of the labels, in their order. @throws RESOURCE_EXHAUSTED */
  add(values: readonly string[], atMs: number, count: number): void {
    const { startMs, stepMs, steps, rangeMs } = this.#steps;
    const first = Math.max(0, Math.floor((atMs - startMs) / stepMs) + 1);
    const past = Math.min(steps, Math.floor((atMs + rangeMs - startMs) / stepMs) + 1);
    if (past <= first) return;
    const changes = this.#of(values);
    changes[first]! += count;
    changes[past]! -= count;
  }

  list(): CountSeries[] {
    return Array.from(this.#changes.values(), ({ labels, changes }) => {
      let sum = 0;
      return { labels, counts: Array.from(changes.subarray(0, -1), (change) => (sum += change)) };
    });
  }

  #of(values: readonly string[]): Float64Array {
    const key = JSON.stringify(values);
    let series = this.#changes.get(key);
    if (!series) {
      const { by, steps } = this.#steps;
      if (this.#changes.size >= MAX_COUNT_SERIES) {
        const message = `by (${by.join(', ')}) makes more than ${MAX_COUNT_SERIES} series: count by labels with fewer values`;
        throw new GoblinError('RESOURCE_EXHAUSTED', { message });
      }
      const pairs = by.map((label, i) => [label, values[i]!] as const).filter(([, value]) => value !== '');
      series = { labels: Object.fromEntries(pairs), changes: new Float64Array(steps + 1) };
      this.#changes.set(key, series);
    }
    return series.changes;
  }
}
