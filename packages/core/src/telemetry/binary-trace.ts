/** A trace context as TRACE_BYTES bytes: trace id, span id and flags, as in `traceparent` without its digits. Trace
 * state is not part of it. */
import type { TraceContext } from '../context.ts';
import { SPAN_ID_BYTES, SpanIds, TRACE_ID_BYTES } from './span-ids.ts';

const FLAGS_AT = TRACE_ID_BYTES + SPAN_ID_BYTES;
export const TRACE_BYTES: number = FLAGS_AT + 1;
const SAMPLED = 1;

export function writeTrace(bytes: Buffer, at: number, trace: TraceContext): void {
  if (trace instanceof SpanIds) trace.write(bytes, at);
  else {
    bytes.write(trace.traceId, at, TRACE_ID_BYTES, 'hex');
    bytes.write(trace.spanId, at + TRACE_ID_BYTES, SPAN_ID_BYTES, 'hex');
  }
  bytes[at + FLAGS_AT] = trace.sampled ? SAMPLED : 0;
}

/** Undefined where an id is all zeros, which is none: then a new trace begins. */
export function readTrace(bytes: Uint8Array, at: number, state?: string): TraceContext | undefined {
  const trace = new RemoteSpan(bytes, at, state);
  return trace.isMissing ? undefined : trace;
}

/** A span of another process. */
class RemoteSpan extends SpanIds implements TraceContext {
  readonly sampled: boolean;
  readonly state: string | undefined;

  constructor(bytes: Uint8Array, at: number, state: string | undefined) {
    super(undefined, bytes, at);
    this.sampled = (bytes[at + FLAGS_AT]! & SAMPLED) === SAMPLED;
    this.state = state;
  }
}
