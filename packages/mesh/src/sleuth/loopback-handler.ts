/** Lets the HTTP server of this process answer Sleuth requests: they go to its own port, so that they meet the same
 * routes, limits, filters, traces and errors as any other request. What only this cluster may say or see does not get
 * in this way: headers that the mesh trusts are taken off, and the platform's own paths are not there. */
import { Agent, request as ask, type ClientRequest, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { cancelledError, GoblinError } from '@goblin/core';
import type { Endpoint } from '../peer.ts';
import type { SleuthHandler } from './sleuth-server.ts';

/** Of this instance, for those who run it: strangers get 404. */
const OWN_PATHS = /^\/(?:metrics|readyz|healthz|\.goblin(?:\/.*)?)(?:\?|$)/;
/** Trusted between members (tenant, actor, baggage), of the connection, or said anew. */
const DROPPED_HEADERS =
  /^(?:goblin-.*|x-forwarded-.*|forwarded|x-real-ip|x-client-ip|true-client-ip|baggage|connection|keep-alive|transfer-encoding|upgrade|te|trailer|expect|host|content-length|proxy-.*)$/;
const MAX_CONNECTIONS = 256;
const NULL_BODY_STATUSES = new Set([204, 205, 304]);

export interface LoopbackHandler {
  readonly handle: SleuthHandler;
  close(): void;
}

/** @param address where this process's own HTTP server listens */
export function loopbackHandler(address: Endpoint): LoopbackHandler {
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS });
  const origin = { agent, host: reachable(address.host), port: address.port };

  return {
    async handle(request, peer) {
      const path = request.url.slice(request.url.indexOf('/', 'http://'.length));
      if (OWN_PATHS.test(path))
        throw new GoblinError('NOT_FOUND', { message: `there is nothing at ${path}` });
      const { method, signal } = request;
      const headers = headersOf(request, peer.address);
      const body = Buffer.from(await request.arrayBuffer());
      try {
        const answer = await answerOf(ask({ ...origin, method, path, headers, signal }), body);
        const hasBody = method !== 'HEAD' && !NULL_BODY_STATUSES.has(answer.statusCode!);
        // What nobody reads must be read too, for the connection to be used again.
        if (!hasBody) answer.resume();
        return new Response(hasBody ? (Readable.toWeb(answer) as ReadableStream) : null, {
          status: answer.statusCode!,
          headers: pairsOf(answer.rawHeaders),
        });
      } catch (error) {
        throw signal.aborted ? cancelledError(signal.reason) : error;
      }
    },
    close: () => agent.destroy(),
  };
}

function answerOf(asking: ClientRequest, body: Buffer): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    asking.once('response', resolve).once('error', reject).end(body);
  });
}

function headersOf(request: Request, from: string): Record<string, string | number> {
  const kept = [...request.headers].filter(([name]) => !isDropped(name));
  return { ...Object.fromEntries(kept), 'x-forwarded-for': from };
}

function pairsOf(raw: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i < raw.length; i += 2) {
    if (!isDropped(raw[i]!.toLowerCase())) pairs.push([raw[i]!, raw[i + 1]!]);
  }
  return pairs;
}

/** Some servers take `_` for `-`. */
function isDropped(name: string): boolean {
  return DROPPED_HEADERS.test(name.replaceAll('_', '-'));
}

/** Who listens everywhere listens on loopback too. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
