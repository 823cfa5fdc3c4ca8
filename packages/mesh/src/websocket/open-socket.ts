/** One open WebSocket. Its handler runs under the context that the opening request brought, with a span per message,
 * one message after the other; a client that sends faster than the handler works is read more slowly. A client
 * that reads too slowly is closed with 1013. A handler that throws closes its socket with 1011. */
import { randomUUID } from 'node:crypto';
import {
  type ContextValues,
  type Counter,
  context,
  GoblinError,
  type Socket,
  type SocketHandler,
  type Telemetry,
} from '@goblin/core';
import type { WebSocket } from 'ws';
import type { Rooms } from './rooms.ts';

/** What may wait to be read by the client before it counts as too slow. */
export const MAX_BUFFERED_BYTES = 1_048_576;
/** Messages that wait for the handler before the client is read no further. */
const MAX_WAITING_MESSAGES = 64;

export const GOING_AWAY = 1001;
const INTERNAL_ERROR = 1011;
const TRY_AGAIN_LATER = 1013;

export interface OpenSocketOptions {
  readonly path: string;
  readonly handler: SocketHandler;
  readonly values: ContextValues;
  readonly telemetry: Telemetry;
  readonly rooms: Rooms<OpenSocket>;
  readonly received: Counter;
  readonly sent: Counter;
}

export class OpenSocket implements Socket {
  readonly id: string = randomUUID();
  readonly request: Request;
  readonly #connection: WebSocket;
  readonly #options: OpenSocketOptions;
  #work: Promise<void> = Promise.resolve();
  #waiting = 0;
  #heard = true;

  constructor(connection: WebSocket, request: Request, options: OpenSocketOptions) {
    this.#connection = connection;
    this.request = request;
    this.#options = options;
    connection.on('pong', () => {
      this.#heard = true;
    });
    connection.on('message', (data: Buffer, isBinary) => this.#receive(data, isBinary));
    connection.on('close', (code, reason) => this.#closed(code, reason.toString()));
    // What breaks the protocol closes the socket too, with the code that says so; `close` follows.
    connection.on('error', () => {});
    this.#run('open', () => options.handler.open?.(this));
  }

  send(message: string | Uint8Array): void {
    const connection = this.#connection;
    if (connection.readyState !== connection.OPEN) return;
    if (connection.bufferedAmount > MAX_BUFFERED_BYTES) {
      connection.close(TRY_AGAIN_LATER, 'you read too slowly');
      return;
    }
    connection.send(message);
    this.#options.sent.add();
  }

  close(code = 1000, reason = ''): void {
    this.#connection.close(code, reason);
  }

  join(room: string): void {
    if (this.#connection.readyState === this.#connection.OPEN) this.#options.rooms.join(this, room);
  }

  leave(room: string): void {
    this.#options.rooms.leave(this, room);
  }

  broadcast(room: string, message: string | Uint8Array): void {
    for (const member of this.#options.rooms.members(room)) if (member !== this) member.send(message);
  }

  /** Pings; ends the socket when the last ping went unanswered. Called once per heartbeat. */
  beat(): void {
    // One whose messages wait for their handler is not read, so its pong cannot be heard.
    if (this.#connection.isPaused) return;
    if (this.#heard) this.#connection.ping();
    else this.terminate();
    this.#heard = false;
  }

  terminate(): void {
    this.#connection.terminate();
  }

  #receive(data: Buffer, isBinary: boolean): void {
    const { handler, received } = this.#options;
    received.add();
    this.#heard = true;
    this.#waiting++;
    if (this.#waiting >= MAX_WAITING_MESSAGES) this.#connection.pause();
    this.#run(
      'message',
      () => handler.message?.(this, isBinary ? data : data.toString()),
      () => {
        this.#waiting--;
        if (this.#connection.isPaused && this.#waiting < MAX_WAITING_MESSAGES / 2) this.#connection.resume();
      },
    );
  }

  #closed(code: number, reason: string): void {
    const { handler, rooms, values } = this.#options;
    rooms.forget(this);
    values.cancellation.cancel(new GoblinError('CANCELED', { message: `the socket closed (${code})` }));
    this.#run('close', () => handler.close?.(this, code, reason));
  }

  /** Runs one part of the handler after those before it. */
  #run(name: string, work: () => void | Promise<void>, done?: () => void): void {
    this.#work = this.#work.then(() => this.#traced(name, work)).finally(done);
  }

  async #traced(name: string, work: () => void | Promise<void>): Promise<void> {
    const { path, telemetry, values } = this.#options;
    const span = telemetry.tracer.start(`${name} ${path}`, {
      kind: 'server',
      parent: values.trace ?? null,
      attributes: { 'http.route': path, 'goblin.socket': this.id },
    });
    try {
      await context.enter({ ...values, trace: span.context }, work);
    } catch (error) {
      span.fail(error);
      context.enter({ ...values, trace: span.context }, () =>
        telemetry.log.error({ err: error, socket: this.id }, `the handler of ${path} failed`),
      );
      this.close(INTERNAL_ERROR, 'the service failed');
    } finally {
      span.end();
    }
  }
}
