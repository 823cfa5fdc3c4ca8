/** One ZMTP connection, whichever side opened it. It greets at once, holds what is to be sent until the other end is
 * READY, and reads no further than its taker has come: a taker that answers with a promise holds the sender back.
 *
 * Bounds: MAX_UNSENT_BYTES wait for an end that does not read, then `send` refuses; the handshake must be done within
 * HANDSHAKE_MS and a message within MESSAGE_MS of its first byte, or `isOverdue` says so to whoever sweeps; and what all
 * connections hold of messages that are not complete stays within the room that they share. */
import type { Socket } from 'node:net';
import type { Clock } from '@goblin/core';
import {
  encodeGreeting,
  encodeMessage,
  encodeReady,
  type SocketType,
  type ZmtpLimits,
  ZmtpReader,
  ZmtpViolation,
} from './zmtp-codec.ts';

export const HANDSHAKE_MS = 2_000;
const MESSAGE_MS = 10_000;
const MAX_UNSENT_BYTES = 4 * 1_048_576;

/** What connections hold together of messages that are not complete. */
export interface SharedRoom {
  usedBytes: number;
  readonly maxBytes: number;
}

export interface ZmtpConnectionOptions {
  readonly socketType: SocketType;
  readonly identity: Uint8Array;
  readonly limits: ZmtpLimits;
  readonly room: SharedRoom;
  readonly clock: Clock;
  /** The other end is READY. @throws ZmtpViolation to refuse it */
  ready?(connection: ZmtpConnection): void;
  /** A whole message. @throws an error that ends the connection */
  take(connection: ZmtpConnection, frames: readonly Buffer[]): Promise<void> | void;
  /** Once, with what ended it; undefined when it was closed in order. */
  closed(connection: ZmtpConnection, because: Error | undefined): void;
}

export class ZmtpConnection {
  /** Of the other end; empty until it is READY, and for who has none. */
  identity: Buffer = Buffer.alloc(0);
  /** Where the other end is. */
  readonly address: string;
  readonly #socket: Socket;
  readonly #options: ZmtpConnectionOptions;
  readonly #reader: ZmtpReader;
  readonly #openedAt: number;
  #isReady = false;
  #isClosed = false;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** When the message began that is coming now. */
  #midwaySince: number | undefined;
  #isTaking = false;
  #heldBytes = 0;

  /** @param address where a socket that still connects goes */
  constructor(socket: Socket, options: ZmtpConnectionOptions, address?: string) {
    this.#socket = socket;
    this.#options = options;
    this.#reader = new ZmtpReader(options.limits);
    this.#openedAt = options.clock.now();
    this.address = plainAddress(address ?? socket.remoteAddress ?? '');
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.write(encodeGreeting());
    socket.write(encodeReady(options.socketType, options.identity));
    void this.#read();
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether the message is on its way; false when the connection is closed or its other end does not read. */
  send(frames: readonly Uint8Array[]): boolean {
    if (this.#isClosed) return false;
    const bytes = encodeMessage(frames);
    if (this.#socket.writableLength + this.#waitingBytes + bytes.length > MAX_UNSENT_BYTES) return false;
    if (this.#isReady) this.#socket.write(bytes);
    else {
      this.#waiting.push(bytes);
      this.#waitingBytes += bytes.length;
    }
    return true;
  }

  /** Whether the other end has had its time for the handshake, or for the message that it began. */
  isOverdue(now: number): boolean {
    if (!this.#isReady) return now - this.#openedAt > HANDSHAKE_MS;
    return !this.#isTaking && this.#midwaySince !== undefined && now - this.#midwaySince > MESSAGE_MS;
  }

  /** Sends what waits, then closes; resolves when the other end has closed too. */
  end(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.closed) resolve();
      else this.#socket.once('close', resolve).end();
    });
  }

  destroy(because?: Error): void {
    this.#close(because);
    this.#socket.destroy();
  }

  async #read(): Promise<void> {
    try {
      for await (const chunk of this.#socket) {
        this.#reader.push(chunk as Buffer);
        for (let event = this.#reader.next(); event && !this.#isClosed; event = this.#reader.next()) {
          if (event.kind === 'ready') this.#becomeReady(event.socketType, event.identity);
          else {
            const taken = this.#options.take(this, event.frames);
            if (taken) await this.#untilTaken(taken);
          }
          this.#midwaySince = undefined;
        }
        this.#midwaySince = this.#reader.isMidway
          ? (this.#midwaySince ?? this.#options.clock.now())
          : undefined;
        this.#hold(this.#reader.heldBytes);
      }
      this.#close(undefined);
    } catch (error) {
      this.#close(error as Error);
    }
    this.#socket.destroy();
  }

  #hold(bytes: number): void {
    const { room } = this.#options;
    room.usedBytes += bytes - this.#heldBytes;
    this.#heldBytes = bytes;
    if (room.usedBytes > room.maxBytes)
      throw new ZmtpViolation(`all peers together began messages of more than ${room.maxBytes} bytes`);
  }

  async #untilTaken(taken: Promise<void>): Promise<void> {
    this.#isTaking = true;
    try {
      await taken;
    } finally {
      this.#isTaking = false;
    }
  }

  #becomeReady(socketType: string, identity: Buffer): void {
    const wanted = this.#options.socketType === 'DEALER' ? 'ROUTER' : 'DEALER';
    if (socketType !== wanted) throw new ZmtpViolation(`a ${socketType} where a ${wanted} belongs`);
    this.identity = identity;
    this.#options.ready?.(this);
    this.#isReady = true;
    for (const bytes of this.#waiting) this.#socket.write(bytes);
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #close(because: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#waiting = [];
    this.#options.room.usedBytes -= this.#heldBytes;
    this.#heldBytes = 0;
    this.#options.closed(this, because);
  }
}

/** An IPv4 address that a socket of both families shows as `::ffff:10.0.0.7`. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
