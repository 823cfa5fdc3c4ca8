/** Log lines as LogRecords, by service. Attributes of the sender's resource have become those of the line, and stay so. */
import type { LogLine } from '../../../model.ts';
import type { ProtobufWriter } from '../../protobuf-writer.ts';
import { ITEMS, nanoseconds, writeAttributes, writeResource } from './otlp-values.ts';

const [TIME, SEVERITY, BODY, ATTRIBUTES, TRACE_ID, SPAN_ID] = [1, 2, 5, 6, 9, 10];
const STRING = 1;

export function writeLogs(writer: ProtobufWriter, lines: readonly LogLine[]): void {
  for (const [service, own] of Map.groupBy(lines, (line) => line.service))
    writeResource(writer, { 'service.name': service }, () => {
      for (const line of own) writer.message(ITEMS, () => writeLog(writer, line));
    });
}

function writeLog(
  writer: ProtobufWriter,
  { atMs, severity, body, attributes, traceId, spanId }: LogLine,
): void {
  writer.fixed64(TIME, nanoseconds(atMs));
  if (severity > 0) writer.int(SEVERITY, severity);
  writer.message(BODY, () => writer.text(STRING, body));
  writeAttributes(writer, ATTRIBUTES, attributes);
  if (traceId) writer.hex(TRACE_ID, traceId);
  if (spanId) writer.hex(SPAN_ID, spanId);
}
