/** What a query of traces says, as plain data: it goes to the store's thread as it is. */
import type { Comparison } from '../comparison.ts';
import type { Tree } from '../tree.ts';

/** Spans that fit a condition, or all. A trace has it when one of its spans fits. Fields are `duration`, `name` …, and attributes with a dot
 * before them. */
export interface SpanSet {
  readonly condition?: Tree<Comparison>;
}

export type TraceFilter = Tree<SpanSet>;
