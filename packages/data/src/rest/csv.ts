/** Rows as CSV (RFC 4180), from what `to_json(array[…]::text[])` gives: a null is an empty field. */
import { csvField } from '../csv.ts';

export function csvOf(labels: readonly string[], body: string): string {
  const rows = JSON.parse(body) as (string | null)[][];
  return [labels, ...rows].map((fields) => fields.map((text) => csvField(text ?? '')).join(',')).join('\r\n');
}
