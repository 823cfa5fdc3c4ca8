/** What a log line can be asked for by name. Its own (`service`, `level`, `severity`, `trace_id`, `span_id`, `instance`) come first, then its
 * attributes; a label that is not there is the empty text. */
import type { LogLine } from '../../model.ts';

/** From which severity on a line tells of an error, by OpenTelemetry's numbers. */
export const ERROR_SEVERITY = 17;
/** By OpenTelemetry's numbers, four of each; 0 is not known. */
export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export const OWN_LABELS: ReadonlySet<string> = new Set([
  'service',
  'level',
  'severity',
  'trace_id',
  'span_id',
  'instance',
]);
const INSTANCE = 'service.instance.id';

export function levelOf(severity: number): string {
  return LEVELS[Math.ceil(severity / 4) - 1] ?? 'unknown';
}

export function lineLabel(line: LogLine, label: string): string {
  switch (label) {
    case 'service':
      return line.service;
    case 'level':
      return levelOf(line.severity);
    case 'severity':
      return String(line.severity);
    case 'trace_id':
      return line.traceId ?? '';
    case 'span_id':
      return line.spanId ?? '';
    case 'instance':
      return attributeOf(line, INSTANCE) || attributeOf(line, label);
    default:
      return attributeOf(line, label);
  }
}

/** All that words are looked for in. */
export function lineText({ body, service, attributes, traceId = '', spanId = '' }: LogLine): string {
  let text = `${body}\n${service}\n${traceId}\n${spanId}`;
  for (const name in attributes) text += `\n${attributes[name]}`;
  return text;
}

function attributeOf({ attributes }: LogLine, name: string): string {
  return Object.hasOwn(attributes, name) ? attributes[name]! : '';
}
