/** One port for everything a service answers: procedures by the Connect protocol, plain routes, WebSockets,
 * files, and the platform's own `/healthz`, `/readyz` and `/metrics`. A path is looked for in that order of
 * speed: procedures, platform, routes, files. What is malformed, too large or too slow is answered with a coded
 * error and does not reach a handler; a client that leaves cancels what it asked for. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TlsOptions } from 'node:tls';
import {
  type CallService,
  type Clock,
  type Contract,
  GoblinError,
  type Health,
  type Route,
  type SocketHandler,
  systemClock,
  type Telemetry,
} from '@goblin/core';
import type { Admission } from '../admission/admission.ts';
import type { ControlDoor } from '../control/control-door.ts';
import type { PeerExchange } from '../discovery/peer-exchange.ts';
import { openDoor } from '../link/door.ts';
import type { LinkServer } from '../link/link-server.ts';
import { socketRouter } from '../websocket/socket-router.ts';
import { answerProblem, asGoblinError } from './answer.ts';
import { oversize } from './body.ts';
import { Exchanges } from './exchanges.ts';
import { answerMalformed, rawProblem } from './malformed.ts';
import { requestRouter } from './request-router.ts';

export interface HttpServerOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly telemetry: Telemetry;
  /** What is served; may be empty. */
  readonly services: readonly ServedContract[];
  readonly sockets?: Readonly<Record<string, SocketHandler>>;
  /** Pages of these origins may open WebSockets (`https://shop.example`). Default: only those of this host. */
  readonly socketOrigins?: readonly string[];
  /** Path prefix → absolute folder. */
  readonly files?: Readonly<Record<string, string>>;
  /** Asked for `/readyz`: each named check. */
  readiness(): Promise<Readonly<Record<string, Health>>>;
  /** Answers peers whose seed we are. */
  readonly peerExchange?: PeerExchange;
  /** Takes orders from members of the cluster. */
  readonly control?: ControlDoor;
  /** Decides which calls and plain routes may begin, and when. Default: all, at once. */
  readonly admission?: Admission | undefined;
  /** Takes over the connections that begin as links. */
  readonly links?: LinkServer;
  /** Takes connections by TLS too, and links then only by it. */
  readonly tls?: TlsOptions | undefined;
  readonly limits?: Partial<HttpLimits>;
  /** Paces the heartbeat of WebSockets. */
  readonly clock?: Clock;
}

export interface ServedContract {
  readonly contract: Contract;
  /** The procedures with all server filters around them. */
  readonly procedures: CallService;
  // biome-ignore lint/suspicious/noExplicitAny: routes of differently typed contracts stand in one table
  readonly routes?: Readonly<Record<string, Route<any>>>;
}

export interface HttpLimits {
  /** Default 1 MiB. */
  readonly maxBodyBytes: number;
  /** Default 16 KiB. */
  readonly maxHeaderBytes: number;
  /** To receive a whole request. Default 30 s. */
  readonly requestTimeoutMs: number;
  /** A kept connection without requests. Default 65 s. */
  readonly idleTimeoutMs: number;
  /** Default 10,000. */
  readonly maxConnections: number;
  /** Open WebSockets among them. Default 10,000. */
  readonly maxSockets: number;
}

export interface HttpServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Takes no new work: answers what runs with `connection: close`, closes idle connections and ends WebSockets
   * with 1001. Resolves when nothing is left or when `timeoutMs` has passed. What still runs shortly before that is
   * cancelled and answered UNAVAILABLE; whoever does not even take that is cut off. */
  drain(timeoutMs: number): Promise<void>;
}

const DEFAULT_LIMITS: HttpLimits = {
  maxBodyBytes: 1_048_576,
  maxHeaderBytes: 16_384,
  requestTimeoutMs: 30_000,
  idleTimeoutMs: 65_000,
  maxConnections: 10_000,
  maxSockets: 10_000,
};
/** How often Node looks for requests that take too long to arrive; a timeout is late by at most this. */
const TIMEOUT_CHECK_MS = 1_000;
/** What is left at the end of a drain for cancelled work to be answered. */
const CUT_MS = 250;

/** Listens, and answers from the moment it resolves.
 * @throws PORT_IN_USE, CONFIG_INVALID for routes that cannot be */
export async function httpServer(options: HttpServerOptions): Promise<HttpServer> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const exchanges = new Exchanges();

  const answerRequest = requestRouter(options, limits.maxBodyBytes);
  const sockets = socketRouter({
    handlers: options.sockets ?? {},
    telemetry: options.telemetry,
    origins: options.socketOrigins ?? [],
    maxSockets: limits.maxSockets,
    clock: options.clock ?? systemClock,
  });

  async function onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange = exchanges.open(request, response);
    try {
      await answerRequest(exchange);
    } catch (thrown) {
      answerProblem(response, asGoblinError(thrown));
    } finally {
      exchanges.close(exchange);
    }
  }

  const server = createServer(
    {
      maxHeaderSize: limits.maxHeaderBytes,
      requestTimeout: limits.requestTimeoutMs,
      headersTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.idleTimeoutMs,
      connectionsCheckingInterval: Math.min(TIMEOUT_CHECK_MS, limits.requestTimeoutMs),
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
    },
    onRequest,
  );
  server.maxConnections = limits.maxConnections;
  server.on('connection', (socket) => exchanges.follow(socket));
  const { links, tls } = options;
  const door = links && openDoor(server, { links, tls, silenceMs: limits.requestTimeoutMs });
  server.on('clientError', (error, socket) => answerMalformed(error, socket as never, exchanges));
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // A body that will be refused is not asked for.
    if (!oversize(request, limits.maxBodyBytes)) response.writeContinue();
    onRequest(request, response);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    exchanges.unfollow(request.socket);
    try {
      sockets.open(request, socket, head);
    } catch (thrown) {
      socket.on('error', () => socket.destroy());
      socket.end(rawProblem(asGoblinError(thrown)));
    }
  });
  const port = await listen(server, options.host, options.port);
  // Such as too many open files: connections are refused for a while, those that are open go on.
  server.on('error', (err) =>
    options.telemetry.log.error({ err }, 'the HTTP server cannot accept connections'),
  );
  const shown = show(options.telemetry, exchanges);

  async function drain(timeoutMs: number): Promise<void> {
    // Not http's own close, which destroys connections whose answer is written but not sent yet.
    const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()));
    exchanges.drain();
    const cut = setTimeout(
      () => {
        for (const { cancellation } of exchanges) cancellation.cancel(cutShort());
      },
      Math.max(0, timeoutMs - CUT_MS),
    );
    const end = setTimeout(() => {
      sockets.terminate();
      door?.close();
      server.closeAllConnections();
    }, timeoutMs);
    sockets.close();
    await Promise.all([closed, links?.drain(timeoutMs)]);
    // Only ends the check for late requests: nothing listens any more.
    server.close();
    clearTimeout(cut);
    clearTimeout(end);
    shown[Symbol.dispose]();
  }

  return { host: options.host, port, drain, [Symbol.asyncDispose]: () => drain(CUT_MS) };
}

/** The call was begun, and what it did until now stays done. */
function cutShort(): GoblinError {
  return new GoblinError('UNAVAILABLE', { message: 'this instance shut down before it had an answer' });
}

function show({ metrics }: Telemetry, exchanges: Exchanges): Disposable {
  const stack = new DisposableStack();
  const help = 'Open HTTP connections, WebSockets not counted.';
  stack.use(metrics.observe('http_server_open_connections', { help }, (set) => set(exchanges.connections)));
  const active = { help: 'HTTP requests that are being answered, calls of procedures included.' };
  stack.use(metrics.observe('http_server_active_requests', active, (set) => set(exchanges.size)));
  return stack;
}

function listen(server: NetServer, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error);
      const message = `${host}:${port} is taken by another program: stop it, or choose another port`;
      reject(new GoblinError('PORT_IN_USE', { message, cause: error }));
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}
