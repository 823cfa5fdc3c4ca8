/** One record of CSV as RFC 4180 has it. */

/** The cells; undefined where the text ends within quotes. */
export function csvRecord(text: string): string[] | undefined {
  const cells: string[] = [];
  for (let at = 0; ; at++) {
    let cell = '';
    if (text[at] === '"') {
      for (at++; ; at += 2) {
        const quote = text.indexOf('"', at);
        if (quote < 0) return undefined;
        cell += text.slice(at, quote);
        at = quote;
        if (text[quote + 1] !== '"') break;
        cell += '"';
      }
      at++;
    }
    const comma = text.indexOf(',', at);
    const end = comma < 0 ? text.length : comma;
    cells.push(cell + text.slice(at, end));
    if (comma < 0) return cells;
    at = comma;
  }
}
