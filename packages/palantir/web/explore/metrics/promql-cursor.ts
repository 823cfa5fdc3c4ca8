/** What stands at the cursor of a PromQL query that is being written, as far as it can be completed. Half a query is the usual case:
 * it is read by its signs, and not by a grammar. */

export type Wanted =
  /** The name of a metric, or a function. */
  | { readonly kind: 'name' }
  /** The name of a label, of this metric where it is known. */
  | { readonly kind: 'label'; readonly metric: string }
  | { readonly kind: 'value'; readonly metric: string; readonly label: string };

export interface Cursor {
  readonly wanted: Wanted;
  /** What is written of it already: this part of the text is replaced. */
  readonly prefix: string;
  readonly from: number;
  readonly to: number;
}

const NAME_BEFORE = /[a-zA-Z_:][\w:.]*$/;
const LABEL_BEFORE = /[a-zA-Z_][\w.]*$/;
const NAME_AFTER = /^[\w:.]*/;
/** A label, an operator and the beginning of a text. */
const VALUE_BEFORE = /([a-zA-Z_][\w.]*)\s*(?:=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)$/;
const METRIC_BEFORE = /([a-zA-Z_:][\w:]*)\s*$/;
const GROUPING_BEFORE = /\b(?:by|without|on|ignoring|group_left|group_right)\s*$/;

export function cursorOf(text: string, caret: number): Cursor | undefined {
  const before = text.slice(0, caret);
  const after = text.slice(caret);
  const bracket = openBracketOf(before);
  if (bracket.inText && bracket.sign !== '{') return undefined;
  if (bracket.sign === '{') return inBraces(before, after, caret, bracket.at, bracket.inText);
  if (bracket.sign === '[') return undefined;
  const [prefix = ''] = NAME_BEFORE.exec(before) ?? [];
  const from = caret - prefix.length;
  const to = caret + NAME_AFTER.exec(after)![0].length;
  if (bracket.sign === '(' && GROUPING_BEFORE.test(before.slice(0, bracket.at)))
    return { wanted: { kind: 'label', metric: firstMetric(text) }, prefix, from, to };
  // A number is none, nor is what follows one.
  if (prefix === '' || /\d$/.test(before.slice(0, from))) return undefined;
  return { wanted: { kind: 'name' }, prefix, from, to };
}

function inBraces(
  before: string,
  after: string,
  caret: number,
  braceAt: number,
  inText: boolean,
): Cursor | undefined {
  const metric = METRIC_BEFORE.exec(before.slice(0, braceAt))?.[1] ?? '';
  if (inText) {
    const [, label, prefix = ''] = VALUE_BEFORE.exec(before.slice(braceAt)) ?? [];
    if (label === undefined) return undefined;
    const to = caret + /^(?:[^"\\]|\\.)*/.exec(after)![0].length;
    return { wanted: { kind: 'value', metric, label }, prefix, from: caret - prefix.length, to };
  }
  const [prefix = ''] = LABEL_BEFORE.exec(before) ?? [];
  const ahead = before.slice(braceAt, caret - prefix.length);
  if (!/[{,]\s*$/.test(ahead)) return undefined;
  const to = caret + NAME_AFTER.exec(after)![0].length;
  return { wanted: { kind: 'label', metric }, prefix, from: caret - prefix.length, to };
}

/** The innermost bracket that is open at the end of a text, and whether a text in quotes is. */
function openBracketOf(text: string): { sign: string; at: number; inText: boolean } {
  const open: { sign: string; at: number }[] = [];
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const sign = text[at]!;
    if (quote) {
      if (sign === '\\' && quote !== '`') at++;
      else if (sign === quote) quote = '';
    } else if (/["'`]/.test(sign)) quote = sign;
    else if (/[({[]/.test(sign)) open.push({ sign, at });
    else if (/[)}\]]/.test(sign)) open.pop();
  }
  return { ...(open.at(-1) ?? { sign: '', at: -1 }), inText: quote !== '' };
}

/** For `sum by (…) (metric)`, where the metric comes later. */
function firstMetric(text: string): string {
  return /([a-zA-Z_:][\w:]*)\s*[{[]/.exec(text)?.[1] ?? '';
}
