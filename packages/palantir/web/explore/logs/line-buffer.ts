/** The newest lines of a tail, a bounded number of them. Lines beyond it push the oldest out; while it is paused what comes is only
 * counted towards what waits, within the same bound. */
import type { LogLine } from '../../../src/model.ts';

export const MAX_TAIL_LINES = 1_000;

/** A line with a number of its own: two may be the same. */
export interface NumberedLine extends LogLine {
  readonly number: number;
}

export class LineBuffer {
  #shown: NumberedLine[] = [];
  #waiting: NumberedLine[] = [];
  #number = 0;
  #isPaused = false;

  /** The newest first. Another array after each change. */
  get lines(): readonly NumberedLine[] {
    return this.#shown;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  add(lines: readonly LogLine[]): void {
    const added = lines.map((line) => ({ ...line, number: this.#number++ })).reverse();
    if (this.#isPaused) this.#waiting = [...added, ...this.#waiting].slice(0, MAX_TAIL_LINES);
    else this.#shown = [...added, ...this.#shown].slice(0, MAX_TAIL_LINES);
  }

  pause(): void {
    this.#isPaused = true;
  }

  /** Shows what has waited. */
  resume(): void {
    this.#isPaused = false;
    this.#shown = [...this.#waiting, ...this.#shown].slice(0, MAX_TAIL_LINES);
    this.#waiting = [];
  }
}
