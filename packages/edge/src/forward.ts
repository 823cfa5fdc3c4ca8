/** From a request that has a route to its answer: limits, side of a split, body, dispatch. */
import {
  cancelledError,
  context,
  formatTraceparent,
  GoblinError,
  isGoblinError,
  openScope,
  systemClock,
} from '@goblin/core';
import type { Directory, Dispatcher, DispatchOptions, Peer } from '@goblin/mesh';
import { attempt } from './attempt.ts';
import { clientKey } from './client-address.ts';
import type { Exchange } from './exchange.ts';
import { endToEndHeaders } from './headers.ts';
import type { EdgeLimits } from './limits.ts';
import { rateLimitHeaders } from './rate-limit.ts';
import { hasBody, NO_BODY, type RequestBody, requestBody } from './request-body.ts';
import { bucketCookie, bucketOf, isOnNewSide } from './rollout.ts';
import type { CompiledRoute } from './route-table.ts';
import type { Upstreams } from './upstreams.ts';

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

export interface ForwardParts {
  readonly directory: Directory;
  readonly dispatcher: Dispatcher;
  readonly upstreams: Upstreams;
  readonly limits: EdgeLimits;
}

/** Settles when the answer has begun. `admit` has said before whether the request may run, and where.
 * @throws GoblinError, for the caller */
export async function forward(exchange: Exchange, route: CompiledRoute, parts: ForwardParts): Promise<void> {
  const idempotent = isIdempotent(exchange);
  const body = hasBody(exchange.request) ? await receive(exchange, route, parts.limits, idempotent) : NO_BODY;
  const repeatable = idempotent && body.replayable;
  const headers = upstreamHeaders(exchange, body);
  try {
    // What cannot be repeated counts as in flight at its instance until the whole answer is through.
    const procedure = `${exchange.request.method} ${route.label}`;
    const options = repeatable
      ? { idempotent: true, procedure }
      : { idempotent: false, procedure, finished: () => exchange.closed };
    await dispatch(exchange, route, parts, options, (peer) =>
      attempt(peer, parts.upstreams.of(peer), { exchange, body, headers, repeatable }),
    );
  } catch (error) {
    if (
      !(isGoblinError(error, 'UNAVAILABLE') || isGoblinError(error, 'RESOURCE_EXHAUSTED')) ||
      !exchange.held
    )
      throw error;
    const { status, headers, body } = exchange.held;
    exchange.writeHead(status, headers);
    exchange.bytesOut = body.length;
    exchange.end(body);
  }
}

function receive(
  exchange: Exchange,
  route: CompiledRoute,
  limits: EdgeLimits,
  idempotent: boolean,
): Promise<RequestBody> {
  const bounds = { maxBytes: route.maxBodyBytes, replayBytes: limits.replayBytes, idempotent };
  return requestBody(exchange.request, exchange.response, bounds, exchange.cancellation, (size) => {
    exchange.bytesIn += size;
  });
}

/** Runs `work` with an instance of the service, within the route's time. Whatever still runs when that fails is
 * cancelled: an instance does not go on working for an answer that was given already. */
export async function dispatch<T>(
  exchange: Exchange,
  route: CompiledRoute,
  { directory, dispatcher }: ForwardParts,
  options: DispatchOptions<T>,
  work: (peer: Peer) => Promise<T>,
): Promise<T> {
  const name = exchange.to;
  const target = { name, candidates: () => directory.named(name) };
  const scope = openScope(exchange.values, systemClock.now() + route.timeoutMs);
  try {
    return await context.enter(scope.values, () => dispatcher.dispatch(target, options, work));
  } catch (error) {
    scope.values.cancellation.cancel(cancelledError(error));
    throw error;
  } finally {
    scope.close();
  }
}

/** Checks what the route limits and decides which service gets the request.
 * @throws RESOURCE_EXHAUSTED, UNAVAILABLE */
export function admit(exchange: Exchange, route: CompiledRoute, limits: EdgeLimits): void {
  const { limit, spec } = route;
  if (limit) {
    const verdict = limit.take(limitKey(exchange, limit.scope));
    exchange.extraHeaders.push(...rateLimitHeaders(limit, verdict));
    if (!verdict.allowed) {
      throw new GoblinError('RESOURCE_EXHAUSTED', {
        message: `the limit of ${spec.limit} for ${route.label} is reached`,
      });
    }
  }
  if (route.active > limits.maxActivePerRoute) {
    throw new GoblinError('UNAVAILABLE', {
      message: `${limits.maxActivePerRoute} requests of ${route.label} are running already`,
    });
  }
  exchange.to = sideFor(exchange, route);
}

function limitKey(exchange: Exchange, scope: 'client' | 'tenant' | 'all'): string {
  if (scope === 'all') return '';
  const { tenant } = exchange.values;
  return scope === 'tenant' && tenant !== undefined ? `tenant ${tenant}` : clientKey(exchange.caller.address);
}

function sideFor(exchange: Exchange, { spec }: CompiledRoute): string {
  const { percent = 100, otherwise } = spec;
  if (otherwise === undefined || percent >= 100) return spec.to;
  const { headers } = exchange.request;
  const bucket = bucketOf(headers.cookie, exchange.caller.address, headers['user-agent']);
  if (!bucket.fromCookie && percent > 0) exchange.sideCookie = bucketCookie(bucket, exchange.caller.secure);
  return isOnNewSide(bucket, percent) ? spec.to : otherwise;
}

function isIdempotent({ request }: Exchange): boolean {
  return IDEMPOTENT.has(request.method!) || request.headers['idempotency-key'] !== undefined;
}

/** What goes to the peer: the client's own headers, and what the edge says of the client. */
export function upstreamHeaders(exchange: Exchange, body: RequestBody | undefined): string[] {
  const { request, caller, target } = exchange;
  const incoming = request.headers;
  const headers = endToEndHeaders(request.rawHeaders, incoming.connection);
  const { hostHeader } = target!;
  if (hostHeader !== undefined) headers.push('host', hostHeader);
  if (body?.length !== undefined) headers.push('content-length', String(body.length));
  const from = caller.connectedFrom;
  const trusted = caller.viaTrustedProxy;
  const before = trusted ? header(incoming['x-forwarded-for']) : undefined;
  headers.push('x-forwarded-for', before === undefined ? from : `${before}, ${from}`);
  const proto = trusted ? header(incoming['x-forwarded-proto']) : undefined;
  headers.push('x-forwarded-proto', proto ?? (caller.secure ? 'https' : 'http'));
  const host = (trusted ? header(incoming['x-forwarded-host']) : undefined) ?? hostHeader;
  if (host !== undefined) headers.push('x-forwarded-host', host);
  const { trace, tenant, requestId } = exchange.values;
  headers.push('x-request-id', requestId!);
  // As OpenTelemetry names it; baggage crosses every hop, so that an audit trail further in can say where it came from.
  headers.push('baggage', `client.address=${encodeURIComponent(caller.address)}`);
  if (trace) {
    headers.push('traceparent', formatTraceparent(trace));
    if (trace.state !== undefined) headers.push('tracestate', trace.state);
  }
  if (tenant !== undefined) headers.push('goblin-tenant', encodeURIComponent(tenant));
  return headers;
}

function header(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}
