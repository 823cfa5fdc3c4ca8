/** One end of a link: a socket, what is written to it and read from it, and what both ends do alike. Pings are
 * answered; silence while something is owed is asked about and ends the link; an end that breaks the protocol is
 * told why and cut, and nothing else happens to anybody. However it ends, `ended` is called once. */
import type { Socket } from 'node:net';
import { GoblinError } from '@goblin/core';
import { decodeError, encodeError } from './error-payload.ts';
import { FrameReader } from './frame-reader.ts';
import { FrameWriter } from './frame-writer.ts';
import { BREAK, MAX_CONTROL_BYTES, MIN_LENGTH, NO_CALL, PING, PONG, readUint32 } from './frames.ts';
import { LinkViolation } from './violation.ts';

/** How often a link looks after itself. */
export const TICK_MS = 1_000;
/** Ticks that the handshake may take. */
export const HANDSHAKE_TICKS = 4;
/** Ticks of silence before the other end is asked for a sign of life, and before it is given up. Ticks and not
 * milliseconds, because a process that stood still itself has heard nothing meanwhile. */
export const PING_TICKS = 2;
export const DEAD_TICKS = 5;
/** Answers that the other end does not read; when they are more, it is cut off. */
const MAX_UNREAD_BYTES = 128 * 1_048_576;
/** What a closing connection gets to carry the last bytes. Unread ones would reset it and lose those. */
const LINGER_MS = 500;

export abstract class LinkEnd {
  protected readonly socket: Socket;
  protected readonly out: FrameWriter;
  protected readonly reader: FrameReader;
  /** Both ends have said hello. */
  protected isGreeted = false;
  #isEnded = false;
  #ticks = 0;
  #quietTicks = 0;
  #idleTicks = 0;
  #bytesRead = 0;
  #backlog = 0;

  constructor(socket: Socket, preface?: Buffer) {
    this.socket = socket;
    this.out = new FrameWriter(socket);
    this.reader = new FrameReader(
      MAX_CONTROL_BYTES,
      (bytes, start, end) => this.#take(bytes, start, end),
      preface,
    );
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => this.#end(error));
    // The port's server keeps half of a connection open: that is for HTTP.
    socket.on('end', () => {
      this.#end(this.whyClosed());
      this.finish();
    });
    socket.on('close', () => this.#end(undefined));
  }

  /** Takes a frame whose body stands from `at` up to `end`. What it throws breaks the link. */
  protected abstract take(type: number, id: number, bytes: Buffer, at: number, end: number): void;
  /** All frames of one read were taken. */
  protected abstract taken(): void;
  /** Nothing goes through any more. The reason is missing where the connection was closed in good order. */
  protected abstract ended(reason: Error | undefined): void;
  /** Why the other end has closed the connection; undefined where it did so in good order. */
  protected whyClosed(): Error | undefined {
    return this.reader.isWithinFrame
      ? new LinkViolation('the connection was closed within a frame')
      : undefined;
  }
  /** Whether silence of the other end would mean that it is dead. */
  protected abstract readonly isOwed: boolean;

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Ticks that went by without anything to do. */
  get idleTicks(): number {
    return this.#idleTicks;
  }

  /** To be called each TICK_MS. */
  tick(): void {
    if (!this.isGreeted) {
      if (++this.#ticks >= HANDSHAKE_TICKS) this.destroy(silence('no hello', HANDSHAKE_TICKS));
      return;
    }
    const { bytesRead, writableLength } = this.socket;
    const moved = bytesRead !== this.#bytesRead || writableLength < this.#backlog;
    this.#bytesRead = bytesRead;
    this.#backlog = writableLength;
    const isOwed = this.isOwed || writableLength > 0;
    this.#quietTicks = isOwed && !moved ? this.#quietTicks + 1 : 0;
    this.#idleTicks = isOwed || moved ? 0 : this.#idleTicks + 1;
    if (this.#quietTicks === PING_TICKS) this.out.frame(PING, NO_CALL);
    else if (this.#quietTicks >= DEAD_TICKS) this.destroy(silence('no sign of life', DEAD_TICKS));
    else if (writableLength > MAX_UNREAD_BYTES) this.destroy(notRead());
  }

  /** Closes in good order: what is written still goes out. */
  finish(): void {
    this.out.flush();
    this.#end(undefined);
    const linger = setTimeout(() => this.socket.destroy(), LINGER_MS).unref();
    this.socket.once('close', () => clearTimeout(linger));
    this.socket.end();
  }

  /** Closes at once. */
  destroy(reason: Error): void {
    this.#end(reason);
    this.socket.destroy();
  }

  /** Tells the other end what it did wrong and closes. */
  protected breakOff(violation: GoblinError): void {
    this.out.frame(BREAK, NO_CALL, encodeError(violation, MAX_CONTROL_BYTES / 2));
    this.out.flush();
    this.#end(violation);
    this.finish();
  }

  #read(chunk: Buffer): void {
    if (this.#isEnded) return;
    try {
      this.reader.push(chunk);
      this.taken();
    } catch (thrown) {
      this.breakOff(
        thrown instanceof LinkViolation ? thrown : new GoblinError('INTERNAL', { cause: thrown }),
      );
    }
  }

  #take(bytes: Buffer, start: number, end: number): void {
    if (this.#isEnded) return;
    const type = bytes[start]!;
    const id = readUint32(bytes, start + 1);
    const at = start + MIN_LENGTH;
    if (type === PING) this.out.frame(PONG, id);
    else if (type === BREAK) this.destroy(brokenBy(bytes.toString('utf8', at, end)));
    else if (type !== PONG) this.take(type, id, bytes, at, end);
  }

  #end(reason: Error | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.ended(reason);
  }
}

function silence(what: string, ticks: number): GoblinError {
  return new GoblinError('CONNECTION_FAILED', { message: `${what} within ${(ticks * TICK_MS) / 1_000} s` });
}

function notRead(): GoblinError {
  const message = `more than ${MAX_UNREAD_BYTES} bytes were not read`;
  return new GoblinError('CONNECTION_FAILED', { message });
}

function brokenBy(json: string): Error {
  return decodeError(json) ?? new LinkViolation('the other end broke off without a reason');
}
