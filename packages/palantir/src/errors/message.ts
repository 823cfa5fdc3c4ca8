/** A message without what differs from one time to the next, so that messages of one cause are the same. */

/** Of the text that is looked at. */
const MAX_LENGTH = 1_000;

/** In this order: what comes later is not looked for in what was replaced. */
const PARTS: readonly [RegExp, string][] = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<uuid>'],
  [/"[^"\n]*"|'[^'\n]*'|`[^`\n]*`/g, '<text>'],
  [/\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b/g, '<mail>'],
  [/\b[a-z][a-z0-9+.-]*:\/\/[^\s,;)\]}>]+/gi, '<url>'],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?/g, '<time>'],
  [/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g, '<address>'],
  [/(?<![\w<])(?:\.{0,2}|[A-Za-z]:)(?:[/\\][\w.@~+-]+)+[/\\]?/g, '<path>'],
  [/\b(?:0x)?(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{6,}\b/gi, '<hex>'],
  // Also within words that count, such as tax-3 and order_42.
  [/(?<![A-Za-z])[-+]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?/g, '<number>'],
];

/** The first line, with numbers, ids, quoted texts, addresses and paths replaced by what they are. */
export function normalised(message: string): string {
  let text = message.slice(0, MAX_LENGTH).split('\n', 1)[0]!.trim();
  for (const [part, name] of PARTS) text = text.replace(part, name);
  return text.replace(/\s+/g, ' ');
}
