/** Where peers connect to us: a ROUTER of ZMTP. A connection must introduce itself by HELLO within HELLO_MS; there are
 * MAX_CONNECTIONS at most, and MAX_PER_ADDRESS of one address. What comes by them is for the node. */
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '@goblin/core';
import { ZmtpConnection, type ZmtpConnectionOptions } from './zmtp-connection.ts';
import { countAt, MAX_PEERS, MAX_PER_ADDRESS } from './zre-newcomers.ts';
import type { Ignored } from './zre-node.ts';

const HELLO_MS = 5_000;
/** Those that a peer lost, and we not yet, among them. */
const MAX_CONNECTIONS = 2 * MAX_PEERS;

export interface ZreDoorOptions {
  readonly clock: Clock;
  readonly connection: ZmtpConnectionOptions;
  ignored(what: Ignored, detail: string): void;
}

export class ZreDoor {
  readonly #options: ZreDoorOptions;
  readonly #server: Server;
  /** With when it came, until it has introduced itself. */
  readonly #connections = new Map<ZmtpConnection, number | undefined>();

  constructor(options: ZreDoorOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Resolves with the port. @throws the error of the socket that cannot be opened */
  listen(host: string): Promise<number> {
    const server = this.#server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port: 0, exclusive: true }, () => {
        server.removeListener('error', reject);
        server.on('error', () => {});
        resolve((server.address() as { port: number }).port);
      });
    });
  }

  /** It has said HELLO. */
  introduced(connection: ZmtpConnection): void {
    this.#connections.set(connection, undefined);
  }

  closed(connection: ZmtpConnection): void {
    this.#connections.delete(connection);
  }

  sweep(now: number): void {
    for (const [connection, cameAt] of this.#connections) {
      if (!connection.isOverdue(now) && (cameAt === undefined || now - cameAt <= HELLO_MS)) continue;
      this.#options.ignored('slow', `${connection.address} did not finish what it began`);
      connection.destroy();
    }
  }

  /** Nobody else comes in. */
  shut(): void {
    this.#server.close();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections.keys()) connection.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    const { clock, connection, ignored } = this.#options;
    const neighbours = countAt(socket.remoteAddress ?? '', this.#connections.keys());
    if (this.#connections.size >= MAX_CONNECTIONS || neighbours >= MAX_PER_ADDRESS) {
      ignored('full', `too many connections, refused one of ${socket.remoteAddress}`);
      socket.destroy();
      return;
    }
    this.#connections.set(new ZmtpConnection(socket, connection), clock.now());
  }
}
