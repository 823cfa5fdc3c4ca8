/** Whose request it is. Only a trusted proxy is believed what it says of the client, the request id and the trace. A
 * trace that anybody else names is not continued, or strangers could choose what is recorded and write into other
 * people's traces: a new one begins and links to theirs. A caller on this machine is one of us: its trace goes on. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { parseTrace, type Tracer } from '@goblin/core';
import { clientAddress, isLoopback, type ProxyTrust, plainAddress } from './client-address.ts';
import type { Identity } from './exchange.ts';

const REQUEST_ID = /^[\w.~:/+=-]{1,128}$/;

export interface IdentityOptions {
  readonly trust: ProxyTrust;
  readonly tracer: Tracer;
  readonly tenantOf: ((request: IncomingMessage) => string | undefined) | undefined;
}

export function identify(request: IncomingMessage, { trust, tracer, tenantOf }: IdentityOptions): Identity {
  const { headers, socket } = request;
  const connectedFrom = plainAddress(socket.remoteAddress);
  const viaTrustedProxy = trust.includes(connectedFrom);
  const theirs = parseTrace(single(headers.traceparent), single(headers.tracestate));
  const goesOn = viaTrustedProxy || isLoopback(connectedFrom);
  const span = tracer.start(request.method ?? '', {
    kind: 'server',
    parent: (goesOn ? theirs : undefined) ?? null,
    ...(theirs && !goesOn && { links: [theirs] }),
  });
  const theirId = single(headers['x-request-id']);
  return {
    caller: {
      address: clientAddress(connectedFrom, single(headers['x-forwarded-for']), trust),
      connectedFrom,
      viaTrustedProxy,
      secure: (socket as TLSSocket).encrypted === true,
    },
    requestId: viaTrustedProxy && theirId !== undefined && REQUEST_ID.test(theirId) ? theirId : randomUUID(),
    span,
    tenant: tenantOf?.(request),
  };
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value;
}
