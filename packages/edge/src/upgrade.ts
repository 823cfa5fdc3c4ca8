/** WebSockets through the edge: the handshake is sent to an instance like any request (another one is tried if the
 * connection fails), and once it agreed with 101 the two sockets are joined. Anything else it answers goes to the
 * client as it is. Other upgrades (h2c) are not offered: such requests are answered as if they had not asked. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { cancelledError, context, GoblinError } from '@goblin/core';
import type { Peer } from '@goblin/mesh';
import type { Exchange } from './exchange.ts';
import { dispatch, type ForwardParts, upstreamHeaders } from './forward.ts';
import { answerHeaders } from './headers.ts';
import type { CompiledRoute } from './route-table.ts';
import { joinSockets, type Tunnel } from './tunnel.ts';

/** An instance that has not answered the handshake by then is given up for another one. */
const HANDSHAKE_MS = 5_000;

export function wantsWebSocket(request: IncomingMessage): boolean {
  return request.method === 'GET' && request.headers.upgrade?.toLowerCase() === 'websocket';
}

interface Agreement {
  readonly kind: 'agreed';
  readonly answer: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
}
interface Refusal {
  readonly kind: 'refused';
  readonly answer: IncomingMessage;
}

/** Answers with the tunnel when the instance agreed. @throws GoblinError, for the client */
export async function upgrade(
  exchange: Exchange,
  client: Socket,
  clientHead: Buffer,
  route: CompiledRoute,
  parts: ForwardParts,
): Promise<Tunnel | undefined> {
  const headers = upstreamHeaders(exchange, undefined);
  headers.push('connection', 'Upgrade', 'upgrade', 'websocket');
  const options = { idempotent: true, finished: () => exchange.closed };
  const result = await dispatch(exchange, route, parts, options, (peer) =>
    handshake(exchange, peer, headers),
  );
  const { answer } = result;
  if (result.kind === 'refused') {
    exchange.writeHead(answer.statusCode!, answerHeaders(answer.headers));
    answer.on('data', (chunk: Buffer) => {
      exchange.bytesOut += chunk.length;
    });
    answer.on('error', () => exchange.response.destroy());
    answer.pipe(exchange.response);
    return undefined;
  }
  const peer = result.socket;
  if (client.destroyed) {
    peer.destroy();
    throw new GoblinError('CANCELED');
  }
  exchange.response.detachSocket(client as never);
  client.write(switchingProtocols(exchange, answer), 'latin1');
  exchange.answered(answer.statusCode!);
  const tunnel = joinSockets({
    client,
    peer,
    idleMs: parts.limits.tunnelIdleMs,
    count(direction, bytes) {
      if (direction === 'in') exchange.bytesIn += bytes;
      else exchange.bytesOut += bytes;
    },
  });
  if (clientHead.length > 0) client.unshift(clientHead);
  if (result.head.length > 0) peer.unshift(result.head);
  return tunnel;
}

function handshake(exchange: Exchange, peer: Peer, headers: string[]): Promise<Agreement | Refusal> {
  const { cancellation } = context.current;
  exchange.attempts++;
  exchange.peer = peer.instance;
  return new Promise((resolve, reject) => {
    let sent = false;
    const { host, port } = peer.address!;
    const request = httpRequest({ host, port, path: exchange.target!.pathAndQuery, headers, agent: false });
    const timer = setTimeout(
      () => request.destroy(new Error(`no answer within ${HANDSHAKE_MS} ms`)),
      HANDSHAKE_MS,
    );
    const offCancel = cancellation.onCancel((reason) => request.destroy(cancelledError(reason)));
    const settle = (): void => {
      clearTimeout(timer);
      offCancel();
    };
    request.on('socket', (socket) => {
      socket.once('connect', () => {
        sent = true;
      });
    });
    request.on('upgrade', (answer, socket: Socket, head) => {
      settle();
      resolve({ kind: 'agreed', answer, socket, head });
    });
    request.on('response', (answer) => {
      settle();
      resolve({ kind: 'refused', answer });
    });
    request.on('error', (cause) => {
      settle();
      const message = `the connection to ${peer.instance} failed: ${cause.message}`;
      reject(
        cause instanceof GoblinError
          ? cause
          : new GoblinError('CONNECTION_FAILED', { message, data: { started: sent }, cause }),
      );
    });
    request.end();
  });
}

function switchingProtocols(exchange: Exchange, answer: IncomingMessage): string {
  const headers = [
    ...answerHeaders(answer.headers),
    'x-request-id',
    exchange.requestId,
    ...exchange.extraHeaders,
  ];
  let head = 'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n';
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return `${head}\r\n`;
}
