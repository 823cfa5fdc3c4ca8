/** A log record of OTLP as the model has it. A record without a time has the time it was observed, or else the time it arrived; one
 * without a severity number has that of its text. */
import type { BatchBuilder } from '../batch-builder.ts';
import { MAX_BODY_LENGTH } from '../limits.ts';
import { attributesOf, cut, textOf } from './any-value.ts';
import { isSpanId, isTraceId } from './ids.ts';
import type { Resource } from './resource.ts';
import type { WireLog } from './wire.ts';

const MAX_SEVERITY = 24;
const SEVERITIES: Readonly<Record<string, number>> = {
  trace: 1,
  debug: 5,
  info: 9,
  warn: 13,
  error: 17,
  fatal: 21,
};
const SEVERITY_TEXT = /^(?:trace|debug|info|warn|error|fatal)/;

export function addLog(builder: BatchBuilder, resource: Resource, wire: WireLog): void {
  const ns = wire.atNs || wire.observedNs;
  const { traceId, spanId } = wire;
  if (wire.eventName) wire.attributes.push({ key: 'event.name', value: wire.eventName });
  builder.addLog({
    atMs: ns === 0 ? builder.receivedAtMs : Math.round(ns / 1e6),
    severity: severityOf(wire),
    body: cut(textOf(wire.body), MAX_BODY_LENGTH),
    service: resource.service,
    attributes: attributesOf(wire.attributes, wire.droppedAttributes, resource.attributes),
    ...(isTraceId(traceId) && { traceId }),
    ...(isSpanId(spanId) && { spanId }),
  });
}

function severityOf({ severity, severityText }: WireLog): number {
  if (severity >= 1 && severity <= MAX_SEVERITY) return Math.floor(severity);
  const word = SEVERITY_TEXT.exec(severityText.slice(0, 8).toLowerCase())?.[0];
  return word === undefined ? 0 : SEVERITIES[word]!;
}
