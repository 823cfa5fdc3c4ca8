/** `/healthz`, `/readyz` and `/metrics` of the edge itself. They share the public port, so they are answered only to a
 * caller on this machine that also asked for this machine (`Host: 127.0.0.1:8080`) and was not forwarded: a proxy
 * beside the edge does not open them to the world. Everybody else is routed. A route that names one of these
 * paths literally takes it. */
import { EXPOSITION_TYPES, expositionFormat, type Metrics } from '@goblin/core';
import { isLoopback } from './client-address.ts';
import type { Exchange } from './exchange.ts';
import type { RequestTarget } from './request-target.ts';

const LOCAL_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);

export interface OwnAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export function ownAnswer(
  exchange: Exchange,
  target: RequestTarget,
  isReady: () => boolean,
  metrics: Metrics,
): OwnAnswer | undefined {
  const { path, host } = target;
  if (path !== '/healthz' && path !== '/readyz' && path !== '/metrics') return undefined;
  const { method, headers } = exchange.request;
  const forwarded = headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined;
  const local = isLoopback(exchange.caller.connectedFrom) && LOCAL_HOSTS.has(host) && !forwarded;
  if (!local || (method !== 'GET' && method !== 'HEAD')) return undefined;
  if (path === '/metrics') {
    const format = expositionFormat(headers.accept);
    return { status: 200, type: EXPOSITION_TYPES[format], body: metrics.expose(format) };
  }
  const ok = path === '/healthz' || isReady();
  return { status: ok ? 200 : 503, type: 'application/json', body: JSON.stringify({ ok }) };
}
