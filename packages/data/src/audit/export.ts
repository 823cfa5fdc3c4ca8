/** The audit trail as text. JSON lines hold all of each entry with its link, so that the chain can be checked anywhere; CSV
 * (RFC 4180) is for people and their spreadsheets. */
import { csvField } from '../csv.ts';
import type { AuditEntry } from './search.ts';

export type AuditFormat = 'jsonl' | 'csv';

const COLUMNS = [
  'sequence',
  'id',
  'at',
  'owner',
  'actor',
  'tenant',
  'action',
  'subject_type',
  'subject_id',
  'before',
  'after',
  'reason',
  'trace_id',
  'request_id',
  'address',
  'hash',
] as const;

/** A line for each entry, line break included; before them, in CSV, the names of the columns. */
export async function* formatAudit(
  entries: AsyncIterable<AuditEntry>,
  format: AuditFormat,
): AsyncGenerator<string> {
  if (format === 'csv') yield `${COLUMNS.join(',')}\r\n`;
  for await (const entry of entries) {
    yield format === 'csv' ? `${cellsOf(entry).map(cell).join(',')}\r\n` : `${JSON.stringify(entry)}\n`;
  }
}

function cellsOf(entry: AuditEntry): (string | number | null | undefined)[] {
  const { sequence, id, at, owner, actor, tenant, action, subject, before, after } = entry;
  const { reason, traceId, requestId, address, hash } = entry;
  return [
    ...[sequence, id, at, owner, actor, tenant, action, subject.type, subject.id],
    ...[JSON.stringify(before), JSON.stringify(after), reason, traceId, requestId, address, hash],
  ];
}

/** A text that a spreadsheet would take for a formula gets an apostrophe, because others choose what stands here. */
function cell(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return '';
  const isFormula = typeof value === 'string' && /^[=+\-@\t\r]/.test(value);
  return csvField(isFormula ? `'${value}` : String(value));
}
