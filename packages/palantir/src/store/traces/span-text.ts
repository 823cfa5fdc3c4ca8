/** A span as JSON: an array, because names of fields would cost more than they say. What is empty at the end is left out. */
import type { Labels, SpanKind, SpanLink, SpanMoment, SpanRecord, SpanStatus } from '../../model.ts';
import { damaged } from '../bytes.ts';

const KINDS: readonly SpanKind[] = ['internal', 'server', 'client', 'producer', 'consumer'];
const STATUSES: readonly SpanStatus[] = ['unset', 'ok', 'error'];

type Moment = [atNs: string, name: string, attributes: Labels];
type Row = [
  spanId: string,
  parentId: string,
  name: string,
  kind: number,
  service: string,
  startNs: string,
  durationNs: number,
  status: number,
  statusMessage: string,
  attributes: Labels,
  events?: Moment[],
  links?: [traceId: string, spanId: string][],
];

export function spanText(span: SpanRecord): string {
  const { events, links } = span;
  const row: Row = [
    span.spanId,
    span.parentId ?? '',
    span.name,
    KINDS.indexOf(span.kind),
    span.service,
    String(span.startNs),
    span.durationNs,
    STATUSES.indexOf(span.status),
    span.statusMessage ?? '',
    span.attributes,
  ];
  if (events.length > 0 || links.length > 0)
    row.push(events.map(({ atNs, name, attributes }): Moment => [String(atNs), name, attributes]));
  if (links.length > 0) row.push(links.map(({ traceId, spanId }): [string, string] => [traceId, spanId]));
  return JSON.stringify(row);
}

/** @param text a JSON array of spans of one trace. @throws DATA_DAMAGED */
export function spansOfText(text: string, traceId: string): SpanRecord[] {
  try {
    return (JSON.parse(text) as Row[]).map((row) => spanOf(row, traceId));
  } catch (error) {
    throw damaged(`the spans of trace ${traceId} cannot be read`, error);
  }
}

function spanOf(row: Row, traceId: string): SpanRecord {
  const [spanId, parentId, name, kind, service, startNs, durationNs, status, statusMessage, attributes] = row;
  const [events = [], links = []] = [row[10], row[11]];
  return {
    traceId,
    spanId,
    ...(parentId && { parentId }),
    name,
    kind: KINDS[kind] ?? 'internal',
    service,
    startNs: BigInt(startNs),
    durationNs,
    status: STATUSES[status] ?? 'unset',
    ...(statusMessage && { statusMessage }),
    attributes,
    events: events.map(([atNs, eventName, values]): SpanMoment => {
      return { atNs: BigInt(atNs), name: eventName, attributes: values };
    }),
    links: links.map(([linked, span]): SpanLink => ({ traceId: linked, spanId: span })),
  };
}
