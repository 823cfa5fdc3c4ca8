/** Spans and log records of OTLP's JSON. */
import {
  anyValueOf,
  idOf,
  isObject,
  type Json,
  keyValuesOf,
  listOf,
  nanosecondsOf,
  numberOf,
  objectOf,
  stringOf,
} from './json-values.ts';
import type { WireLog, WireSpan } from './wire.ts';

export function spanOf(json: Json): WireSpan {
  const status = objectOf(json.status);
  return {
    traceId: idOf(json.traceId),
    spanId: idOf(json.spanId),
    parentSpanId: idOf(json.parentSpanId),
    name: stringOf(json.name),
    kind: numberOf(json.kind),
    startNs: nanosecondsOf(json.startTimeUnixNano),
    endNs: nanosecondsOf(json.endTimeUnixNano),
    attributes: keyValuesOf(json.attributes),
    droppedAttributes: numberOf(json.droppedAttributesCount),
    events: listOf(json.events)
      .filter(isObject)
      .map((event) => ({
        atNs: nanosecondsOf(event.timeUnixNano),
        name: stringOf(event.name),
        attributes: keyValuesOf(event.attributes),
      })),
    links: listOf(json.links)
      .filter(isObject)
      .map((link) => ({ traceId: idOf(link.traceId), spanId: idOf(link.spanId) })),
    statusCode: numberOf(status.code),
    statusMessage: stringOf(status.message),
  };
}

export function logOf(json: Json): WireLog {
  return {
    atNs: numberOf(json.timeUnixNano),
    observedNs: numberOf(json.observedTimeUnixNano),
    severity: numberOf(json.severityNumber),
    severityText: stringOf(json.severityText),
    eventName: stringOf(json.eventName),
    body: anyValueOf(json.body),
    attributes: keyValuesOf(json.attributes),
    droppedAttributes: numberOf(json.droppedAttributesCount),
    traceId: idOf(json.traceId),
    spanId: idOf(json.spanId),
  };
}
