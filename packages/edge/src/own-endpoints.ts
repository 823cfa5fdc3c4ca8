/** The paths that instances answer about themselves (`/healthz`, `/readyz`, `/metrics`) and to each other (`/.goblin/`).
 * They share the port with everything else, so a pattern such as `/*` does not open them to the world: only a route
 * that names one of them literally takes it. Otherwise the edge answers for itself, to a caller on this machine that
 * also asked for this machine (`Host: 127.0.0.1:8080`) and was not forwarded; for everybody else there is nothing. */
import { EXPOSITION_TYPES, expositionFormat, type Metrics } from '@goblin/core';
import { isLoopback } from './client-address.ts';
import type { Exchange } from './exchange.ts';

const LOCAL_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);
const RESERVED = /^\/(?:healthz|readyz|metrics|\.goblin)(?:\/|$)/;

export interface OwnAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Whether a path is the platform's own. */
export function isReserved(path: string): boolean {
  return RESERVED.test(path);
}

/** What the edge says of itself; undefined when there is nothing for this caller. */
export function ownAnswer(
  exchange: Exchange,
  isReady: () => boolean,
  metrics: Metrics,
): OwnAnswer | undefined {
  const { path, host } = exchange.target!;
  const { method, headers } = exchange.request;
  const forwarded = headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined;
  const local = isLoopback(exchange.caller.connectedFrom) && LOCAL_HOSTS.has(host) && !forwarded;
  if (!local || (method !== 'GET' && method !== 'HEAD')) return undefined;
  if (path === '/metrics') {
    const format = expositionFormat(headers.accept);
    return { status: 200, type: EXPOSITION_TYPES[format], body: metrics.expose(format) };
  }
  if (path !== '/healthz' && path !== '/readyz') return undefined;
  const ok = path === '/healthz' || isReady();
  return { status: ok ? 200 : 503, type: 'application/json', body: JSON.stringify({ ok }) };
}
