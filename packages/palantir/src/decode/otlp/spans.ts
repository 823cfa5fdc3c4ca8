/** A span of OTLP as the model has it. Without its ids or a start it cannot be kept; an end before the start is a clock that was
 * set meanwhile, and counts as no time. */
import type { SpanKind, SpanLink, SpanStatus } from '../../model.ts';
import type { BatchBuilder } from '../batch-builder.ts';
import { MAX_ATTRIBUTE_LENGTH, MAX_SPAN_EVENTS, MAX_SPAN_LINKS, MAX_SPAN_NAME_LENGTH } from '../limits.ts';
import { attributesOf, cut } from './any-value.ts';
import { isSpanId, isTraceId } from './ids.ts';
import type { Resource } from './resource.ts';
import type { WireLink, WireSpan } from './wire.ts';

const NO_TRACE_ID = 'a span has no trace id of 16 bytes';
const NO_SPAN_ID = 'a span has no id of 8 bytes';
const KINDS: readonly SpanKind[] = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'];
const STATUS: readonly SpanStatus[] = ['unset', 'ok', 'error'];

export function addSpan(builder: BatchBuilder, resource: Resource, wire: WireSpan): void {
  if (!isTraceId(wire.traceId)) return builder.refuse(NO_TRACE_ID, wire.name);
  if (!isSpanId(wire.spanId)) return builder.refuse(NO_SPAN_ID, wire.name);
  const durationNs = Number(wire.endNs - wire.startNs);
  builder.addSpan(
    {
      traceId: wire.traceId,
      spanId: wire.spanId,
      ...(isSpanId(wire.parentSpanId) && { parentId: wire.parentSpanId }),
      name: cut(wire.name, MAX_SPAN_NAME_LENGTH),
      kind: KINDS[wire.kind] ?? 'internal',
      service: resource.service,
      startNs: wire.startNs,
      durationNs: Math.max(0, durationNs),
      status: STATUS[wire.statusCode] ?? 'unset',
      ...(wire.statusMessage && { statusMessage: cut(wire.statusMessage, MAX_ATTRIBUTE_LENGTH) }),
      attributes: attributesOf(wire.attributes, wire.droppedAttributes, resource.attributes),
      events: wire.events.slice(0, MAX_SPAN_EVENTS).map(({ atNs, name, attributes }) => ({
        atNs,
        name: cut(name, MAX_SPAN_NAME_LENGTH),
        attributes: attributesOf(attributes, 0),
      })),
      links: linksOf(wire.links),
    },
    Number(wire.startNs) / 1e6,
  );
}

function linksOf(links: readonly WireLink[]): readonly SpanLink[] {
  if (links.length === 0) return [];
  return links
    .filter(({ traceId, spanId }) => isTraceId(traceId) && isSpanId(spanId))
    .slice(0, MAX_SPAN_LINKS);
}
