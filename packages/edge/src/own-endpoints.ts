/** The paths that instances answer about themselves (`/healthz`, `/readyz`, `/metrics`) and to each other (`/.goblin/`).
 * They share the port with everything else, so a pattern such as `/*` does not open them to the world: only a route
 * that names one of them literally takes it. Otherwise the edge answers for itself, to a caller on this machine that
 * also asked for this machine (`Host: 127.0.0.1:8080`) and was not forwarded; for everybody else there is nothing. Members of
 * the cluster are answered wherever they come from, because what they send is sealed. */
import { EXPOSITION_TYPES, expositionFormat, GoblinError, type Metrics } from '@goblin/core';
import {
  CONTROL_PATH,
  type ControlDoor,
  EXCHANGE_PATH,
  MAX_EXCHANGE_BYTES,
  MAX_ORDER_BYTES,
  type PeerExchange,
} from '@goblin/mesh';
import { isLoopback } from './client-address.ts';
import type { Exchange } from './exchange.ts';
import { requestBody } from './request-body.ts';

const LOCAL_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);
const RESERVED = /^\/(?:healthz|readyz|metrics|\.goblin)(?:\/|$)/;

export interface OwnAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Uint8Array;
}

export interface OwnParts {
  readonly metrics: Metrics;
  readonly doors: SealedDoors;
  isReady(): boolean;
}

/** What members of the cluster ask each other and order. */
export interface SealedDoors {
  readonly control?: ControlDoor;
  readonly peerExchange?: PeerExchange;
}

/** Whether a path is the platform's own. */
export function isReserved(path: string): boolean {
  return RESERVED.test(path);
}

/** What the edge says of itself. @throws NOT_FOUND when there is nothing for this caller; FORBIDDEN, PAYLOAD_TOO_LARGE
 * for what is not sealed by a member. */
export async function ownAnswer(exchange: Exchange, parts: OwnParts): Promise<OwnAnswer> {
  const { path } = exchange.target!;
  const { method } = exchange.request;
  const { control, peerExchange } = parts.doors;
  if (method === 'POST') {
    if (path === CONTROL_PATH && control) return answerSealed(exchange, control, MAX_ORDER_BYTES);
    if (path === EXCHANGE_PATH && peerExchange)
      return answerSealed(exchange, peerExchange, MAX_EXCHANGE_BYTES);
  }
  if ((method === 'GET' || method === 'HEAD') && isLocal(exchange)) {
    if (path === '/metrics') {
      const format = expositionFormat(exchange.request.headers.accept);
      return { status: 200, type: EXPOSITION_TYPES[format], body: parts.metrics.expose(format) };
    }
    if (path === '/healthz' || path === '/readyz') {
      const ok = path === '/healthz' || parts.isReady();
      return { status: ok ? 200 : 503, type: 'application/json', body: JSON.stringify({ ok }) };
    }
  }
  throw new GoblinError('NOT_FOUND', { message: 'this path is not for callers from outside' });
}

function isLocal({ target, caller, request: { headers } }: Exchange): boolean {
  const forwarded = headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined;
  return isLoopback(caller.connectedFrom) && LOCAL_HOSTS.has(target!.host) && !forwarded;
}

async function answerSealed(
  exchange: Exchange,
  door: ControlDoor | PeerExchange,
  maxBytes: number,
): Promise<OwnAnswer> {
  const { request, response, cancellation } = exchange;
  const bounds = { maxBytes, replayBytes: maxBytes, idempotent: true };
  const body = await requestBody(request, response, bounds, cancellation, (size) => {
    exchange.bytesIn += size;
  });
  // Within these bounds it is held whole.
  const sealed = await door((body.open() as Buffer | null) ?? Buffer.alloc(0));
  if (sealed) return { status: 200, type: 'application/octet-stream', body: sealed };
  throw new GoblinError('FORBIDDEN', { message: 'this is not a message of a peer of this cluster' });
}
