/** The context of a call as it crosses a link: the time left, the trace as 25 bytes, and what else there is as a list of
 * keys and values. What is absent takes no bytes. It is what HTTP carries in headers, and is read as carefully:
 * tenant, actor and priority are believed as they come, so a port that strangers can reach must not be a link's. */
import {
  type Cancellation,
  type ContextValues,
  readTrace,
  TRACE_BYTES,
  type TraceContext,
  writeTrace,
} from '@goblin/core';
import { attributesLength, NO_ATTRIBUTES, readAttributes } from './call-attributes.ts';
import { HAS_ATTRIBUTES, HAS_DEADLINE, HAS_TRACE, readUint32, writeUint32 } from './frames.ts';
import { LinkViolation } from './violation.ts';

const DEADLINE_BYTES = 4;
/** Room for all but the attributes. */
export const FIXED_BYTES: number = DEADLINE_BYTES + TRACE_BYTES;
/** 49 days: what goes beyond is as good as no deadline. */
const MAX_LEFT_MS = 0xffff_ffff;

/** Which fields these values take. */
export function flagsOf(values: ContextValues, attributes: Buffer | undefined): number {
  return (
    (values.deadline === Number.POSITIVE_INFINITY ? 0 : HAS_DEADLINE) |
    (values.trace === undefined ? 0 : HAS_TRACE) |
    (attributes === undefined ? 0 : HAS_ATTRIBUTES)
  );
}

/** Writes deadline and trace where there are any, and answers where they end. */
export function writeContext(bytes: Buffer, at: number, values: ContextValues, now: number): number {
  let next = at;
  if (values.deadline !== Number.POSITIVE_INFINITY) {
    // Rounded up, so that a call with time left never looks expired.
    const leftMs = Math.min(MAX_LEFT_MS, Math.max(0, Math.ceil(values.deadline - now)));
    writeUint32(bytes, next, leftMs);
    next += DEADLINE_BYTES;
  }
  if (values.trace) {
    writeTrace(bytes, next, values.trace);
    next += TRACE_BYTES;
  }
  return next;
}

/** How many bytes the context takes from `at` on. @throws LinkViolation when they go beyond `end` */
export function contextLength(bytes: Buffer, at: number, end: number, flags: number): number {
  if (flags > (HAS_DEADLINE | HAS_TRACE | HAS_ATTRIBUTES))
    throw new LinkViolation('a call has unknown flags');
  let length = 0;
  if (flags & HAS_DEADLINE) length += DEADLINE_BYTES;
  if (flags & HAS_TRACE) length += TRACE_BYTES;
  if (flags & HAS_ATTRIBUTES) {
    const listAt = at + length;
    length += attributesLength(bytes, listAt);
  }
  if (at + length > end) throw new LinkViolation('the context of a call goes beyond its frame');
  return length;
}

/** The context that a call brings. Without a time of its own it may take `allowedMs` from `now` on. */
export function readContext(
  bytes: Buffer,
  at: number,
  flags: number,
  cancellation: Cancellation,
  now: number,
  allowedMs: number,
): ContextValues {
  let next = at;
  let leftMs = allowedMs;
  let trace: TraceContext | undefined;
  if (flags & HAS_DEADLINE) {
    leftMs = readUint32(bytes, next);
    next += DEADLINE_BYTES;
  }
  const traceAt = next;
  if (flags & HAS_TRACE) {
    trace = readTrace(bytes, traceAt);
    next += TRACE_BYTES;
  }
  const { state, baggage, tenant, actor, requestId, priority } =
    flags & HAS_ATTRIBUTES ? readAttributes(bytes, next, trace) : NO_ATTRIBUTES;
  if (state !== undefined) trace = readTrace(bytes, traceAt, state);
  return { deadline: now + leftMs, cancellation, trace, baggage, tenant, actor, requestId, priority };
}
