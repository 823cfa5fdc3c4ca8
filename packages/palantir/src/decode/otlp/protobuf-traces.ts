/** Spans of trace.proto. */
import type { ProtobufReader } from '../protobuf-reader.ts';
import { readKeyValue } from './protobuf-values.ts';
import { type WireEvent, type WireLink, type WireSpan, wireSpan } from './wire.ts';

export function readSpan(reader: ProtobufReader): WireSpan {
  const span = wireSpan();
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        span.traceId = reader.hex();
        break;
      case 2:
        span.spanId = reader.hex();
        break;
      case 4:
        span.parentSpanId = reader.hex();
        break;
      case 5:
        span.name = reader.text();
        break;
      case 6:
        span.kind = reader.varint();
        break;
      case 7:
        span.startNs = reader.fixed64();
        break;
      case 8:
        span.endNs = reader.fixed64();
        break;
      case 9:
        span.attributes.push(readKeyValue(reader));
        break;
      case 10:
        span.droppedAttributes = reader.varint();
        break;
      case 11:
        span.events.push(readEvent(reader));
        break;
      case 13:
        span.links.push(readLink(reader));
        break;
      case 15:
        readStatus(reader, span);
        break;
      default:
        reader.skip();
    }
  }
  return span;
}

function readEvent(reader: ProtobufReader): WireEvent {
  const event: WireEvent = { atNs: 0n, name: '', attributes: [] };
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) event.atNs = reader.fixed64();
    else if (reader.field === 2) event.name = reader.text();
    else if (reader.field === 3) event.attributes.push(readKeyValue(reader));
    else reader.skip();
  }
  reader.leave(outer);
  return event;
}

function readLink(reader: ProtobufReader): WireLink {
  const link: WireLink = { traceId: '', spanId: '' };
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) link.traceId = reader.hex();
    else if (reader.field === 2) link.spanId = reader.hex();
    else reader.skip();
  }
  reader.leave(outer);
  return link;
}

function readStatus(reader: ProtobufReader, span: WireSpan): void {
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 2) span.statusMessage = reader.text();
    else if (reader.field === 3) span.statusCode = reader.varint();
    else reader.skip();
  }
  reader.leave(outer);
}
