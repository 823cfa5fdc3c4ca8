/** Log records of logs.proto. */
import type { ProtobufReader } from '../protobuf-reader.ts';
import { readAnyValue, readKeyValue } from './protobuf-values.ts';
import { type WireLog, wireLog } from './wire.ts';

export function readLog(reader: ProtobufReader): WireLog {
  const log = wireLog();
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        log.atNs = reader.fixed64Number();
        break;
      case 2:
        log.severity = reader.varint();
        break;
      case 3:
        log.severityText = reader.text();
        break;
      case 5:
        log.body = readAnyValue(reader);
        break;
      case 6:
        log.attributes.push(readKeyValue(reader));
        break;
      case 7:
        log.droppedAttributes = reader.varint();
        break;
      case 9:
        log.traceId = reader.hex();
        break;
      case 10:
        log.spanId = reader.hex();
        break;
      case 11:
        log.observedNs = reader.fixed64Number();
        break;
      case 12:
        log.eventName = reader.text();
        break;
      default:
        reader.skip();
    }
  }
  return log;
}
