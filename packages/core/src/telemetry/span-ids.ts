/** Random ids of traces and spans, as W3C trace context writes them. Hex digits are made in batches from the
 * system's CSPRNG and cut into ids: a call for 8 random bytes alone costs more than a whole span. An id keeps its
 * batch (POOL_BYTES × 2 characters) in memory. All zeros, which the standard forbids, has a chance of 2^-64. */
import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 1_024;
const TRACE_ID_DIGITS = 32;
const SPAN_ID_DIGITS = 16;

const bytes = Buffer.allocUnsafeSlow(POOL_BYTES);
let digits = '';
let used = 0;

function take(length: number): string {
  if (used + length > digits.length) {
    digits = randomFillSync(bytes).toString('hex');
    used = 0;
  }
  used += length;
  return digits.slice(used - length, used);
}

/** 32 lower-case hex digits. */
export function newTraceId(): string {
  return take(TRACE_ID_DIGITS);
}

/** 16 lower-case hex digits. */
export function newSpanId(): string {
  return take(SPAN_ID_DIGITS);
}
