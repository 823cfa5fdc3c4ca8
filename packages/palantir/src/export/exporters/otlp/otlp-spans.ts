/** Spans by service. */
import type { SpanKind, SpanRecord, SpanStatus } from '../../../model.ts';
import type { ProtobufWriter } from '../../protobuf-writer.ts';
import { ITEMS, writeAttributes, writeResource } from './otlp-values.ts';

const [TRACE_ID, SPAN_ID, PARENT_ID, NAME, KIND, START, END, ATTRIBUTES] = [1, 2, 4, 5, 6, 7, 8, 9];
const [EVENTS, LINKS, STATUS] = [11, 13, 15];
const [EVENT_TIME, EVENT_NAME, EVENT_ATTRIBUTES] = [1, 2, 3];
const [STATUS_MESSAGE, STATUS_CODE] = [2, 3];
const KINDS: Readonly<Record<SpanKind, number>> = {
  internal: 1,
  server: 2,
  client: 3,
  producer: 4,
  consumer: 5,
};
const STATUSES: Readonly<Record<SpanStatus, number>> = { unset: 0, ok: 1, error: 2 };

export function writeSpans(writer: ProtobufWriter, spans: readonly SpanRecord[]): void {
  for (const [service, own] of Map.groupBy(spans, (span) => span.service))
    writeResource(writer, { 'service.name': service }, () => {
      for (const span of own) writer.message(ITEMS, () => writeSpan(writer, span));
    });
}

function writeSpan(writer: ProtobufWriter, span: SpanRecord): void {
  writer.hex(TRACE_ID, span.traceId);
  writer.hex(SPAN_ID, span.spanId);
  if (span.parentId) writer.hex(PARENT_ID, span.parentId);
  writer.text(NAME, span.name);
  writer.int(KIND, KINDS[span.kind]);
  writer.fixed64(START, span.startNs);
  writer.fixed64(END, span.startNs + BigInt(Math.round(span.durationNs)));
  writeAttributes(writer, ATTRIBUTES, span.attributes);
  for (const { atNs, name, attributes } of span.events)
    writer.message(EVENTS, () => {
      writer.fixed64(EVENT_TIME, atNs);
      writer.text(EVENT_NAME, name);
      writeAttributes(writer, EVENT_ATTRIBUTES, attributes);
    });
  for (const { traceId, spanId } of span.links)
    writer.message(LINKS, () => {
      writer.hex(1, traceId);
      writer.hex(2, spanId);
    });
  if (span.status === 'unset') return;
  writer.message(STATUS, () => {
    if (span.statusMessage) writer.text(STATUS_MESSAGE, span.statusMessage);
    writer.int(STATUS_CODE, STATUSES[span.status]);
  });
}
