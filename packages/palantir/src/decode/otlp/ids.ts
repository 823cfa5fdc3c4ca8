/** Ids of W3C trace context: lower-case hex, and not all zeros. */
const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;
const SPAN_ID = /^(?!0{16})[0-9a-f]{16}$/;

export function isTraceId(text: string): boolean {
  return TRACE_ID.test(text);
}

export function isSpanId(text: string): boolean {
  return SPAN_ID.test(text);
}
