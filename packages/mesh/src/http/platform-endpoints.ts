/** What every instance answers about itself: `/healthz` (it is alive), `/readyz` (it can take work; 503 and the
 * failing checks when not), `/metrics` (OpenMetrics, or the older Prometheus text) and, to members of the cluster, which
 * peers it knows; and from them it takes orders. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { EXPOSITION_TYPES, expositionFormat, GoblinError, type Health, type Telemetry } from '@goblin/core';
import type { ControlDoor } from '../control/control-door.ts';
import { CONTROL_PATH, MAX_ORDER_BYTES } from '../control/order-message.ts';
import { EXCHANGE_PATH, MAX_EXCHANGE_BYTES, type PeerExchange } from '../discovery/peer-exchange.ts';
import { answer, answerProblem } from './answer.ts';
import { readBody } from './body.ts';
import { JSON_TYPE } from './connect-protocol.ts';

export type PlatformEndpoint = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

export interface PlatformOptions {
  readonly peerExchange?: PeerExchange | undefined;
  readonly control?: ControlDoor | undefined;
  readonly telemetry: Telemetry;
  readiness(): Promise<Readonly<Record<string, Health>>>;
}

/** Path → what answers it. */
export function platformEndpoints(options: PlatformOptions): ReadonlyMap<string, PlatformEndpoint> {
  const { peerExchange, control, telemetry } = options;
  const endpoints = new Map<string, PlatformEndpoint>([
    ['/healthz', readOnly((_, response) => answer(response, 200, JSON_TYPE, '{"ok":true}'))],
    ['/readyz', readOnly((_, response) => answerReadiness(response, options))],
    ['/metrics', readOnly((request, response) => answerMetrics(request, response, telemetry))],
  ]);
  if (peerExchange) endpoints.set(EXCHANGE_PATH, sealedDoor(peerExchange, MAX_EXCHANGE_BYTES));
  if (control) endpoints.set(CONTROL_PATH, sealedDoor(control, MAX_ORDER_BYTES));
  return endpoints;
}

function readOnly(endpoint: PlatformEndpoint): PlatformEndpoint {
  return (request, response) => {
    if (request.method === 'GET' || request.method === 'HEAD') return endpoint(request, response);
    refuseMethod(request, response, 'GET, HEAD');
  };
}

function refuseMethod(request: IncomingMessage, response: ServerResponse, allowed: string): void {
  const message = `${request.url} does not take ${request.method}: use ${allowed}`;
  answerProblem(response, new GoblinError('METHOD_NOT_ALLOWED', { message }), ['allow', allowed]);
}

/** Sealed bytes in, sealed bytes out; whoever has not the cluster's key learns nothing. */
function sealedDoor(door: PeerExchange | ControlDoor, maxBytes: number): PlatformEndpoint {
  return async (request, response) => {
    if (request.method !== 'POST') return refuseMethod(request, response, 'POST');
    const sealed = await door(await readBody(request, maxBytes));
    if (!sealed)
      throw new GoblinError('FORBIDDEN', { message: 'this is not a message of a peer of this cluster' });
    answer(response, 200, 'application/octet-stream', Buffer.from(sealed));
  };
}

async function answerReadiness(response: ServerResponse, options: PlatformOptions): Promise<void> {
  const checks = await options.readiness();
  const ok = Object.values(checks).every((check) => check.ok);
  answer(response, ok ? 200 : 503, JSON_TYPE, JSON.stringify({ ok, checks }), ['cache-control', 'no-store']);
}

function answerMetrics(request: IncomingMessage, response: ServerResponse, { metrics }: Telemetry): void {
  const format = expositionFormat(request.headers.accept);
  answer(response, 200, EXPOSITION_TYPES[format], metrics.expose(format));
}
