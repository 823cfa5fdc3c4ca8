/** The requests that are being answered, by connection. When a connection closes, whatever runs on it is cancelled:
 * one listener per connection rather than one per request. Node emits each pipelined request at once, so a
 * connection may have several. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Cancellation, GoblinError } from '@goblin/core';

/** One request and its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Fires when the client goes away, or when the server must stop. */
  readonly cancellation: Cancellation;
}

const RUNNING = Symbol('exchanges');
type Connection = Socket & { [RUNNING]?: Set<Exchange> };

export class Exchanges {
  readonly #connections = new Set<Connection>();
  #draining = false;
  #size = 0;

  /** How many requests are being answered. */
  get size(): number {
    return this.#size;
  }

  /** How many connections are open, WebSockets not counted. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Follows a connection from its first byte to its last. */
  follow(socket: Socket): void {
    const connection: Connection = socket;
    const running = new Set<Exchange>();
    connection[RUNNING] = running;
    this.#connections.add(connection);
    connection.once('close', () => {
      this.#connections.delete(connection);
      this.#size -= running.size;
      for (const { cancellation } of running) cancellation.cancel(new GoblinError('CANCELED'));
      running.clear();
    });
  }

  /** The connection is no longer HTTP. */
  unfollow(socket: Socket): void {
    this.#connections.delete(socket);
  }

  open(request: IncomingMessage, response: ServerResponse): Exchange {
    const exchange: Exchange = { request, response, cancellation: new Cancellation() };
    (request.socket as Connection)[RUNNING]?.add(exchange);
    this.#size++;
    return exchange;
  }

  /** The answer is written; nothing is left to cancel. What is unread of the body is discarded, for as long as the
   * server's `requestTimeoutMs` lets it come, so that the client gets to read the answer. */
  close(exchange: Exchange): void {
    const { request } = exchange;
    if ((request.socket as Connection)[RUNNING]?.delete(exchange)) this.#size--;
    if (!request.readableEnded) request.removeAllListeners('data').resume();
    if (this.#draining) closeIfIdle(request.socket);
  }

  /** From now on each connection is closed as soon as it owes nothing. */
  drain(): void {
    this.#draining = true;
    for (const { response } of this) if (!response.headersSent) response.shouldKeepAlive = false;
    for (const connection of this.#connections) closeIfIdle(connection);
  }

  /** The exchanges on one connection, oldest first. */
  on(socket: Socket): readonly Exchange[] {
    return [...((socket as Connection)[RUNNING] ?? [])];
  }

  *[Symbol.iterator](): Iterator<Exchange> {
    for (const connection of this.#connections) yield* connection[RUNNING]!;
  }
}

/** What is written but not sent yet is sent first. */
function closeIfIdle(connection: Connection): void {
  if (connection[RUNNING]?.size === 0) connection.destroySoon();
}
