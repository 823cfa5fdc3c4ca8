/** Opens WebSockets on the port of the HTTP server and hands them to the handler of their path. Pages of other
 * origins are refused (a browser sends cookies along and asks nobody first); programs send no Origin and are
 * let in. Every HEARTBEAT_MS each socket is pinged, and ended when the ping before went unanswered. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import type { Duplex } from 'node:stream';
import {
  Cancellation,
  type Clock,
  GoblinError,
  type SocketHandler,
  type Telemetry,
  type Timer,
} from '@goblin/core';
import type { WebSocketServer } from 'ws';
import { contextOf } from '../http/context-headers.ts';
import { headersOf, urlOf } from '../http/fetch-request.ts';
import { GOING_AWAY, OpenSocket } from './open-socket.ts';
import { Rooms } from './rooms.ts';

export const HEARTBEAT_MS = 30_000;
export const MAX_MESSAGE_BYTES = 1_048_576;

export interface SocketRouterOptions {
  /** Path → handler. */
  readonly handlers: Readonly<Record<string, SocketHandler>>;
  readonly telemetry: Telemetry;
  /** Origins that are let in besides this host's own. */
  readonly origins: readonly string[];
  readonly maxSockets: number;
  readonly clock: Clock;
}

export interface SocketRouter {
  /** Answers a request to open a socket.
   * @throws NOT_FOUND, FORBIDDEN (origin), UNAVAILABLE (too many), MALFORMED_REQUEST: nothing is answered then */
  open(request: IncomingMessage, connection: Duplex, head: Buffer): void;
  /** Tells every client to go (1001). */
  close(): void;
  /** Ends every socket without a word. */
  terminate(): void;
}

const require = createRequire(import.meta.url);

/** Loaded for the first WebSocket: most services have none. */
function webSocketServer(): WebSocketServer {
  const { WebSocketServer: Server } = require('ws') as typeof import('ws');
  return new Server({ noServer: true, clientTracking: false, maxPayload: MAX_MESSAGE_BYTES });
}

export function socketRouter(options: SocketRouterOptions): SocketRouter {
  const { handlers, telemetry, clock } = options;
  const open = new Set<OpenSocket>();
  const rooms = new Rooms<OpenSocket>();
  let server: WebSocketServer | undefined;
  const messages = telemetry.metrics.counter('websocket_messages_total', {
    help: 'WebSocket messages, by path and direction.',
    labels: ['path', 'direction'],
  });
  const opened = telemetry.metrics.gauge('websocket_open', {
    help: 'WebSockets that are open.',
    labels: ['path'],
  });
  let heartbeat: Timer | undefined;

  function take(socket: OpenSocket): void {
    open.add(socket);
    heartbeat ??= clock.every(HEARTBEAT_MS, () => {
      for (const each of open) each.beat();
    });
  }

  function release(socket: OpenSocket): void {
    open.delete(socket);
    if (open.size > 0) return;
    heartbeat?.cancel();
    heartbeat = undefined;
  }

  function admit(path: string, { origin, host }: IncomingHttpHeaders): SocketHandler {
    if (!Object.hasOwn(handlers, path))
      throw new GoblinError('NOT_FOUND', { message: `there is no WebSocket at ${path}` });
    if (open.size >= options.maxSockets) {
      throw new GoblinError('UNAVAILABLE', {
        message: `${open.size} WebSockets are open, which is the limit (maxSockets)`,
      });
    }
    if (origin !== undefined && !options.origins.includes(origin) && !sameHost(origin, host))
      throw new GoblinError('FORBIDDEN', { message: `pages of ${origin} may not open WebSockets here` });
    return handlers[path]!;
  }

  return {
    open(request, connection, head) {
      const path = pathOf(request);
      const handler = admit(path, request.headers);
      const values = contextOf(request.headers, new Cancellation(), clock.now(), Number.POSITIVE_INFINITY);
      const opening = openingRequest(request);
      server ??= webSocketServer();
      server.handleUpgrade(request, connection, head, (webSocket) => {
        const socket = new OpenSocket(webSocket, opening, {
          path,
          handler,
          values,
          telemetry,
          rooms,
          received: messages.with(path, 'received'),
          sent: messages.with(path, 'sent'),
        });
        const gauge = opened.with(path);
        gauge.add(1);
        take(socket);
        webSocket.on('close', () => {
          gauge.add(-1);
          release(socket);
        });
      });
    },

    close() {
      for (const socket of open) socket.close(GOING_AWAY, 'this instance is shutting down');
    },

    terminate() {
      for (const socket of open) socket.terminate();
    },
  };
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0]!;
}

function sameHost(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

function openingRequest(request: IncomingMessage): Request {
  try {
    return new Request(urlOf(request), { headers: headersOf(request) });
  } catch (error) {
    throw new GoblinError('MALFORMED_REQUEST', { message: 'host and path are not a URL', cause: error });
  }
}
