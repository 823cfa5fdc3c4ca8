/** The public port: Node's HTTP/1.1 server with its strict parser, with or without TLS, and every bound that Node can
 * keep for us. What gets through goes to the gateway. */
import { createServer, type IncomingMessage, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { GoblinError } from '@goblin/core';
import { refuseBytes } from './bad-bytes.ts';
import type { Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';
import type { EdgeLimits } from './limits.ts';
import type { Observer } from './observer.ts';
import { wantsWebSocket } from './upgrade.ts';

/** How often Node looks for connections whose request came too slowly. */
const CONNECTION_CHECK_MS = 1_000;
const TLS_HANDSHAKE_MS = 10_000;

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly limits: EdgeLimits;
  readonly tls: SecureContextOptions | undefined;
  readonly observer: Observer;
}

export interface Listener {
  readonly port: number;
  /** New connections get this certificate. */
  useTls(options: SecureContextOptions): void;
  /** Takes nothing new and settles when all connections are closed; after `timeoutMs` those left are cut off, and what
   * still waits for an answer is answered UNAVAILABLE. */
  close(timeoutMs: number): Promise<void>;
}

/** @throws PORT_IN_USE */
export async function startListener(gate: Gateway, options: ListenerOptions): Promise<Listener> {
  const { host, port, limits, tls, observer } = options;
  const server = tls
    ? createTlsServer({
        ...serverOptions(limits),
        ...tls,
        handshakeTimeout: TLS_HANDSHAKE_MS,
        ALPNProtocols: ['http/1.1'],
      })
    : createServer(serverOptions(limits));
  server.maxConnections = limits.maxConnections;
  // The bytes of the head are bounded already; Node would drop headers beyond a count without a word.
  server.maxHeadersCount = 0;

  /** Connections that have not brought a request yet: Node does not count these as idle when it closes. */
  const fresh = new Set<Socket>();
  server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    fresh.add(socket);
    socket.once('close', () => fresh.delete(socket));
  });
  for (const event of ['request', 'checkContinue', 'upgrade']) {
    server.on(event, (request: IncomingMessage) => fresh.delete(request.socket));
  }
  server.on('request', gate.request);
  server.on('checkContinue', gate.request);
  server.on('upgrade', gate.upgrade);

  const runningOn = (socket: Socket): Exchange[] =>
    [...gate.exchanges].filter((exchange) => exchange.request.socket === socket);
  server.on('clientError', (error: Error, socket: Socket) => {
    const answering = runningOn(socket).some((exchange) => exchange.response.headersSent);
    const code = refuseBytes(error, socket, answering);
    if (code !== undefined) observer.malformed(code);
  });
  server.setTimeout(limits.stalledClientMs);
  server.on('timeout', (socket: Socket) => {
    // Waiting for an instance is no stall. An answer that nobody takes is one, and so is a kept connection left alone.
    if (socket.writableLength > 0 || runningOn(socket).length === 0) socket.destroy();
  });

  await listen(server, host, port);

  return {
    port: (server.address() as AddressInfo).port,
    useTls: (context) => (server as TlsServer).setSecureContext(context),
    async close(timeoutMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of fresh) socket.destroy();
      for (const { response, closed } of gate.exchanges) {
        response.shouldKeepAlive = false;
        // The head of its answer may have promised to keep the connection.
        void closed.then(() => setImmediate(() => server.closeIdleConnections()));
      }
      for (const tunnel of gate.tunnels) tunnel.close();
      const timer = setTimeout(() => cutOff(server, gate), timeoutMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

function cutOff(server: Server | TlsServer, gate: Gateway): void {
  for (const exchange of gate.exchanges) {
    exchange.fail(new GoblinError('UNAVAILABLE', { message: 'the edge stops' }));
    exchange.request.socket.destroySoon();
  }
  server.closeAllConnections();
}

function serverOptions(limits: EdgeLimits): ServerOptions {
  return {
    insecureHTTPParser: false,
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: CONNECTION_CHECK_MS,
    // Checked by us, to be answered like everything else.
    requireHostHeader: false,
    noDelay: true,
    shouldUpgradeCallback: wantsWebSocket,
  };
}

function listen(server: Server | TlsServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error);
      const message = `another program listens on ${host}:${port}, where the edge should`;
      reject(new GoblinError('PORT_IN_USE', { message, cause: error }));
    });
    server.listen(port, host, resolve);
  });
}
