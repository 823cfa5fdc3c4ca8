/** Rows as CSV (RFC 4180), from what `to_json(array[…]::text[])` gives: a null is an empty field. */

export function csvOf(labels: readonly string[], body: string): string {
  const rows = JSON.parse(body) as (string | null)[][];
  return [labels, ...rows].map((fields) => fields.map(csvField).join(',')).join('\r\n');
}

function csvField(text: string | null): string {
  if (text === null) return '';
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
