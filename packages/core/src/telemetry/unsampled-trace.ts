/** The spans of one unsampled trace in this process, held back until its local root (the span whose parent is
 * elsewhere, usually that of the incoming call) ends. If one of them failed, or the root took too long, they are kept
 * after all. Only this process's part below the local root is: other processes decide on theirs, and mostly alike,
 * since failure and slowness travel upwards. At most MAX_HELD_SPANS are held per root; the first ones. */
import type { LightSpan } from './light-span.ts';

export const MAX_HELD_SPANS = 128;

export class UnsampledTrace {
  readonly #root: LightSpan;
  #held: LightSpan[] = [];
  #failed = false;
  #isKept: boolean | undefined;

  constructor(root: LightSpan) {
    this.#root = root;
  }

  /** Takes note of a span that ended and answers the spans that are now to be exported. */
  ended(span: LightSpan, slowMs: number): readonly LightSpan[] {
    this.#failed ||= span.failed;
    if (this.#isKept !== undefined) return this.#isKept || span.failed ? [span] : [];
    if (span !== this.#root) {
      if (this.#held.length < MAX_HELD_SPANS) this.#held.push(span);
      return [];
    }
    this.#isKept = this.#failed || span.durationMs > slowMs;
    const held = this.#held;
    this.#held = [];
    return this.#isKept ? [...held, span] : [];
  }
}
