/** The little XML that S3 answers with: flat elements, made by machines. What is asked for is cut out by name; nothing else is
 * looked at, no entity but the five of XML and characters by number is known, and nothing is ever loaded. */

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** What stands in each element of this name, outermost first come. */
export function elements(xml: string, name: string): string[] {
  const found: string[] = [];
  const close = `</${name}>`;
  for (let at = 0; ; ) {
    const open = xml.indexOf(`<${name}`, at);
    if (open < 0) return found;
    const begin = xml.indexOf('>', open) + 1;
    if (begin === 0) return found;
    const next = xml[open + name.length + 1]!;
    at = begin;
    // Another name that begins so, or an element without content.
    if (!/[\s>/]/.test(next) || xml[begin - 2] === '/') continue;
    const end = xml.indexOf(close, begin);
    if (end < 0) return found;
    found.push(xml.slice(begin, end));
    at = end + close.length;
  }
}

/** The text of the first element of this name; undefined where there is none. */
export function textOf(xml: string, name: string): string | undefined {
  const [content] = elements(xml, name);
  return content?.replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|\w+);/gi, (entity, code: string) => {
    if (!code.startsWith('#')) return ENTITIES[code] ?? entity;
    const point = code[1] === 'x' || code[1] === 'X' ? parseInt(code.slice(2), 16) : Number(code.slice(1));
    return point <= 0x10_ffff ? String.fromCodePoint(point) : entity;
  });
}

/** As the content of an element. */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
