/** What a query of logs says, as plain data: it goes to the store's threads as it is. */
import type { Matcher } from '../../model.ts';
import type { Comparison } from '../comparison.ts';
import type { Tree } from '../tree.ts';

/** Whether the line has one of these texts, words or matches. */
export interface LineFilter {
  readonly type: 'line';
  readonly by: 'text' | 'word' | 'pattern';
  /** False: lines that have none of them. */
  readonly isWanted: boolean;
  readonly values: readonly string[];
}

export type TemplatePart = { readonly text: string } | { readonly field: string };

/** What a line goes through, one after the other. */
export type Stage =
  | LineFilter
  | { readonly type: 'parse'; readonly format: 'json' | 'logfmt' }
  | { readonly type: 'where'; readonly condition: Tree<Comparison> }
  | { readonly type: 'format'; readonly template: readonly TemplatePart[] };

export interface LogSelection {
  readonly matchers: readonly Matcher[];
  readonly stages: readonly Stage[];
}

/** How many lines there were within a time, at each moment that is asked for. */
export interface LogCounting {
  readonly selection: LogSelection;
  readonly rangeMs: number;
  /** One series for each of their values. */
  readonly by: readonly string[];
}
