/** Which series an exporter sends. */
import type { Matcher } from '../model.ts';
import { parseSelector } from '../query/promql/parser.ts';

export function selectionsOf(match: readonly string[] | undefined): readonly (readonly Matcher[])[] {
  return match && match.length > 0 ? match.map((selector) => parseSelector(selector).matchers) : [[]];
}
