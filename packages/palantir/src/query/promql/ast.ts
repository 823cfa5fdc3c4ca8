/** What a query says, as a tree. */
import type { Matcher } from '../../model.ts';

/** Moves the time that is looked at. */
export interface TimeShift {
  /** Milliseconds into the past. */
  readonly offsetMs: number;
  /** A fixed time in milliseconds since the Unix epoch, or an end of the range that is asked for. */
  readonly pin?: number | 'start' | 'end';
}

export interface Selector {
  readonly type: 'selector';
  readonly matchers: readonly Matcher[];
  readonly shift: TimeShift;
  /** Set: all samples of so long, not only the newest. */
  readonly rangeMs?: number;
}

export interface Subquery {
  readonly type: 'subquery';
  readonly inner: Expression;
  readonly rangeMs: number;
  /** Undefined: the default step. */
  readonly stepMs: number | undefined;
  readonly shift: TimeShift;
}

export interface Grouping {
  readonly by: boolean;
  readonly labels: readonly string[];
}

export interface Aggregation {
  readonly type: 'aggregation';
  readonly op: string;
  readonly inner: Expression;
  /** Of topk, bottomk, quantile and count_values. */
  readonly parameter: Expression | undefined;
  readonly grouping: Grouping;
}

/** How the elements of two vectors find each other. */
export interface Matching {
  readonly on: boolean;
  readonly labels: readonly string[];
  /** The side that may have several elements for one of the other. */
  readonly many?: 'left' | 'right';
  /** Labels that the result takes from the side of the ones. */
  readonly include: readonly string[];
}

export interface Binary {
  readonly type: 'binary';
  readonly op: string;
  readonly left: Expression;
  readonly right: Expression;
  readonly bool: boolean;
  readonly matching: Matching;
}

export interface Call {
  readonly type: 'call';
  readonly name: string;
  readonly args: readonly Expression[];
  readonly at: number;
}

export type Expression =
  | Selector
  | Subquery
  | Aggregation
  | Binary
  | Call
  | { readonly type: 'number'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'negation'; readonly inner: Expression };

export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string';
