/** How the context of a call crosses HTTP: the deadline as the time left, the trace and baggage as the W3C
 * headers, request id, tenant, actor and priority as headers of their own.
 *
 * Tenant, actor and priority are believed as they come. A port that strangers can reach must strip `goblin-…` headers in
 * front of it, as the edge does. */
import type { IncomingHttpHeaders } from 'node:http';
import {
  BAGGAGE,
  type Cancellation,
  type ContextValues,
  formatBaggage,
  formatTraceparent,
  GoblinError,
  parseBaggage,
  parsePriority,
  parseTrace,
  TRACEPARENT,
  TRACESTATE,
} from '@goblin/core';
import { formatTimeout, parseTimeout, TIMEOUT_HEADER } from './connect-protocol.ts';

const TENANT_HEADER = 'goblin-tenant';
const ACTOR_HEADER = 'goblin-actor';
const PRIORITY_HEADER = 'goblin-priority';
const REQUEST_ID_HEADER = 'x-request-id';
export const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;

/** The context that a request brings. Without a timeout of its own it may take `allowedMs` from `now` on.
 * What is malformed in trace, baggage or request id is left out, as their specifications ask.
 * @throws MALFORMED_REQUEST for a timeout or a name that cannot be read. */
export function contextOf(
  headers: IncomingHttpHeaders,
  cancellation: Cancellation,
  now: number,
  allowedMs: number,
): ContextValues {
  const timeout = headers[TIMEOUT_HEADER];
  const requestId = headers[REQUEST_ID_HEADER];
  return {
    deadline: now + (timeout === undefined ? allowedMs : parseTimeout(String(timeout))),
    cancellation,
    trace: parseTrace(single(headers[TRACEPARENT]), single(headers[TRACESTATE])),
    baggage: parseBaggage(single(headers[BAGGAGE])),
    tenant: decoded(TENANT_HEADER, headers[TENANT_HEADER]),
    actor: decoded(ACTOR_HEADER, headers[ACTOR_HEADER]),
    requestId: typeof requestId === 'string' && REQUEST_ID.test(requestId) ? requestId : undefined,
    priority: parsePriority(single(headers[PRIORITY_HEADER])),
  };
}

/** Appends the context to a flat list of names and values. */
export function pushContext(headers: string[], values: ContextValues, now: number): void {
  if (values.deadline !== Number.POSITIVE_INFINITY)
    headers.push(TIMEOUT_HEADER, formatTimeout(values.deadline - now));
  if (values.trace) {
    headers.push(TRACEPARENT, formatTraceparent(values.trace));
    if (values.trace.state !== undefined) headers.push(TRACESTATE, values.trace.state);
  }
  const baggage = formatBaggage(values.baggage);
  if (baggage !== undefined) headers.push(BAGGAGE, baggage);
  if (values.tenant !== undefined) headers.push(TENANT_HEADER, encodeURIComponent(values.tenant));
  if (values.actor !== undefined) headers.push(ACTOR_HEADER, encodeURIComponent(values.actor));
  if (values.requestId !== undefined && REQUEST_ID.test(values.requestId))
    headers.push(REQUEST_ID_HEADER, values.requestId);
  if (values.priority !== 'user') headers.push(PRIORITY_HEADER, values.priority);
}

/** Node joins repeated headers of these names into one string. */
function single(value: string | string[] | undefined): string | undefined {
  return value as string | undefined;
}

function decoded(name: string, value: string | string[] | undefined): string | undefined {
  if (value === undefined) return undefined;
  try {
    return decodeURIComponent(String(value));
  } catch {
    throw new GoblinError('MALFORMED_REQUEST', {
      message: `${name}: ${JSON.stringify(value)} is not percent-encoded`,
    });
  }
}
