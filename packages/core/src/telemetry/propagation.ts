/** The headers that a trace crosses process borders with: `traceparent` and `tracestate` of W3C Trace Context
 * (https://www.w3.org/TR/trace-context/). Read strictly: what is malformed is as if it were absent, and a new trace
 * begins. baggage.ts has the third header. */
import type { TraceContext } from '../context.ts';

export const TRACEPARENT = 'traceparent';
export const TRACESTATE = 'tracestate';

/** Longer `tracestate` headers are not passed on. The standard asks for at least 512. */
export const MAX_TRACESTATE_LENGTH = 512;
const MAX_TRACESTATE_MEMBERS = 32;
/** A later version may be longer; beyond this it is no header. */
const MAX_TRACEPARENT_LENGTH = 256;

const VERSION_00_LENGTH = 55;
const PARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}/;
const SAMPLED_FLAG = 1;

const STATE_KEY = /^(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})$/;
const STATE_VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/** The context of the caller's span, undefined when the headers do not carry a valid one. */
export function parseTrace(
  traceparent: string | null | undefined,
  tracestate?: string | null,
): TraceContext | undefined {
  if (!traceparent || traceparent.length > MAX_TRACEPARENT_LENGTH || !PARENT.test(traceparent))
    return undefined;
  if (traceparent.length > VERSION_00_LENGTH) {
    const isLater = !traceparent.startsWith('00') && traceparent[VERSION_00_LENGTH] === '-';
    if (!isLater) return undefined;
  }
  return {
    traceId: traceparent.slice(3, 35),
    spanId: traceparent.slice(36, 52),
    sampled: (Number.parseInt(traceparent.slice(53, 55), 16) & SAMPLED_FLAG) === SAMPLED_FLAG,
    state: tracestate ? parseTracestate(tracestate) : undefined,
  };
}

/** The `traceparent` header for calls made below this span. */
export function formatTraceparent(trace: TraceContext): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? '01' : '00'}`;
}

/** The header without empty members; undefined when any member is malformed or it is beyond the limits. */
function parseTracestate(header: string): string | undefined {
  if (header.length > MAX_TRACESTATE_LENGTH) return undefined;
  const keys = new Set<string>();
  const members: string[] = [];
  for (const part of header.split(',')) {
    const member = part.replace(/^[ \t]+|[ \t]+$/g, '');
    if (!member) continue;
    const equals = member.indexOf('=');
    const key = member.slice(0, Math.max(0, equals));
    if (!STATE_KEY.test(key) || !STATE_VALUE.test(member.slice(equals + 1)) || keys.has(key))
      return undefined;
    keys.add(key);
    members.push(member);
  }
  return members.length > 0 && members.length <= MAX_TRACESTATE_MEMBERS ? members.join(',') : undefined;
}
