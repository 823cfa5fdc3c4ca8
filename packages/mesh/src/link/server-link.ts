/** The answering end of a link: reads calls, runs them through the same procedures as HTTP does, and writes what they
 * answer. Each call is told when its caller leaves. A caller that sends more than it was allowed breaks the
 * protocol; one that does not read its answers is itself not read any further. */
import type { Socket } from 'node:net';
import { Cancellation, type Clock, context, GoblinError } from '@goblin/core';
import { asGoblinError } from '../http/answer.ts';
import { begun, type Endpoint } from '../http/procedure-endpoint.ts';
import { contextLength, readContext } from './call-context.ts';
import { type Codec, chooseCodec, jsonCodec } from './codec.ts';
import { encodeError } from './error-payload.ts';
import { roomFor } from './frame-writer.ts';
import {
  CALL,
  CANCEL,
  DRAIN,
  END,
  ERROR,
  HELLO,
  ITEM,
  MAX_CALL_HEAD_BYTES,
  METHOD,
  NO_CALL,
  PREFACE,
  REPLY,
  readUint16,
  readUint32,
  VERSION,
  WINDOW,
} from './frames.ts';
import { type Hello, helloOf, type LinkLimits, parseHello } from './hello.ts';
import { IncomingStream } from './incoming-stream.ts';
import { LinkEnd } from './link-end.ts';
import { LinkViolation } from './violation.ts';

/** Answers that wait for their reader; beyond this no more calls are read, and no more items made. */
const HIGH_WATER_BYTES = 1_048_576;

const CALL_HEAD_BYTES = 3;
const WINDOW_BYTES = 4;
const SLOT_MASK = 0xffff;

export interface ServerLinkOptions {
  readonly instance: string;
  readonly limits: LinkLimits;
  readonly clock: Clock;
  /** What is served, by path; an error for what is not. */
  endpoint(path: string): Endpoint | GoblinError;
  isDraining(): boolean;
  /** Called once, when nothing goes through any more. */
  onEnd(link: ServerLink, reason: Error | undefined): void;
}

/** A call that its caller waits for. */
interface Running {
  readonly id: number;
  readonly cancellation: Cancellation;
  readonly stream: IncomingStream | undefined;
}

export class ServerLink extends LinkEnd {
  readonly #options: ServerLinkOptions;
  readonly #methods: (Endpoint | GoblinError)[] = [];
  /** By the slot of the number that the caller gave. */
  readonly #running: (Running | undefined)[] = [];
  #size = 0;
  #streams = 0;
  #codec: Codec = jsonCodec;
  /** What the caller takes; unknown until it has said hello. */
  #peer: Hello | undefined;
  #drained: Promise<void> | undefined;
  /** When the frames that are being taken were read. */
  #readAt = 0;

  constructor(socket: Socket, options: ServerLinkOptions) {
    super(socket, PREFACE);
    this.#options = options;
  }

  /** Calls that run. */
  get size(): number {
    return this.#size;
  }

  protected get isOwed(): boolean {
    return this.#size > 0;
  }

  /** Asks the caller to finish what runs and to close. */
  drain(): void {
    if (!this.isEnded && this.isGreeted) this.out.frame(DRAIN, NO_CALL);
    else if (!this.isEnded) this.finish();
  }

  /** Ends everything that runs. */
  cancelAll(reason: GoblinError): void {
    for (const running of this.#running) running?.cancellation.cancel(reason);
  }

  protected take(type: number, id: number, bytes: Buffer, at: number, end: number): void {
    if (type === CALL && this.#peer) this.#call(id, bytes, at, end, this.#peer);
    else if (!this.#peer) this.#greet(type, bytes.toString('utf8', at, end));
    else if (type === CANCEL) this.#cancel(id);
    else if (type === WINDOW) this.#widen(id, bytes, at, end);
    else if (type === METHOD) this.#define(id, bytes.toString('utf8', at, end));
    else throw new LinkViolation(`frames of type ${type} are unknown here`);
  }

  protected taken(): void {
    this.#readAt = 0;
    if (this.socket.writableLength <= HIGH_WATER_BYTES || this.#drained) return;
    this.socket.pause();
    void this.congestion()?.then(() => this.socket.resume());
  }

  protected ended(reason: Error | undefined): void {
    this.cancelAll(new GoblinError('CANCELED', { message: 'the caller went away', cause: reason }));
    this.#options.onEnd(this, reason);
  }

  /** Undefined while the socket takes more; otherwise resolves when it does. */
  congestion(): Promise<void> | undefined {
    if (this.socket.writableLength <= HIGH_WATER_BYTES) return undefined;
    this.#drained ??= new Promise((resolve) => {
      this.socket.once('drain', () => {
        this.#drained = undefined;
        resolve();
      });
    });
    return this.#drained;
  }

  #greet(type: number, json: string): void {
    if (type !== HELLO) throw new LinkViolation('it does not begin with a hello');
    const { instance, limits } = this.#options;
    const peer = parseHello(json);
    const codec = chooseCodec(peer.codecs);
    if (!codec) throw new LinkViolation(`none of the codecs ${peer.codecs.join(', ')} is known here`);
    const hello = helloOf(instance, limits);
    const chosen = { ...hello, version: Math.min(VERSION, peer.version), codecs: [codec.name] };
    this.#codec = codec;
    this.#peer = peer;
    this.reader.maxLength = limits.maxPayloadBytes + MAX_CALL_HEAD_BYTES;
    this.isGreeted = true;
    this.out.frame(HELLO, NO_CALL, JSON.stringify(chosen));
    if (this.#options.isDraining()) this.drain();
  }

  #define(method: number, path: string): void {
    if (method !== this.#methods.length) throw new LinkViolation('methods are not numbered in turn');
    if (method >= this.#options.limits.maxMethods) throw new LinkViolation('too many methods are named');
    this.#methods.push(this.#options.endpoint(path));
  }

  #cancel(id: number): void {
    const running = this.#running[id & SLOT_MASK];
    if (running?.id !== id) return;
    this.#remove(running);
    running.cancellation.cancel(new GoblinError('CANCELED'));
  }

  #widen(id: number, bytes: Buffer, at: number, end: number): void {
    if (end - at !== WINDOW_BYTES) throw new LinkViolation('a window has no size');
    const running = this.#running[id & SLOT_MASK];
    if (running?.id === id) running.stream?.widen(readUint32(bytes, at));
  }

  #call(id: number, bytes: Buffer, at: number, end: number, peer: Hello): void {
    const { limits, clock } = this.#options;
    const slot = id & SLOT_MASK;
    if (slot >= limits.maxCalls) throw new LinkViolation('more calls run than are allowed');
    if (this.#running[slot]) throw new LinkViolation('two calls have the same number');
    if (end - at < CALL_HEAD_BYTES) throw new LinkViolation('a call has no head');
    const endpoint = this.#methods[readUint16(bytes, at)];
    if (!endpoint) throw new LinkViolation('a call is of a method that was not defined');
    const flags = bytes[at + 2]!;
    const contextAt = at + CALL_HEAD_BYTES;
    const payloadAt = contextAt + contextLength(bytes, contextAt, end, flags);
    if (this.#options.isDraining()) return this.#fail(id, notTaken());
    if (endpoint instanceof GoblinError) return this.#fail(id, endpoint);
    if (end - payloadAt > limits.maxPayloadBytes) return this.#fail(id, tooLarge(limits.maxPayloadBytes));

    this.#readAt ||= clock.now();
    const { procedure } = endpoint;
    const cancellation = new Cancellation();
    const values = readContext(bytes, contextAt, flags, cancellation, this.#readAt, procedure.deadlineMs);
    let input: unknown;
    try {
      input = this.#codec.decode(bytes, payloadAt, end);
    } catch (error) {
      return this.#fail(id, malformed(error as Error));
    }
    const call = { procedure, input };
    const stream = procedure.stream ? new IncomingStream(peer.windowBytes) : undefined;
    if (stream && this.#streams >= limits.maxStreams)
      throw new LinkViolation('more streams are open than are allowed');
    const running: Running = { id, cancellation, stream };
    this.#add(running);
    if (stream) {
      const sink = {
        item: (value: unknown) => this.#item(running, value),
        congestion: () => this.congestion(),
      };
      stream.run(values, endpoint.procedures, call, sink).then(
        () => this.#remove(running) && this.out.frame(END, id),
        (error) => this.#failed(running, error),
      );
    } else {
      context
        .enter(values, () => endpoint.procedures(call))
        .then(
          (output) => this.#reply(running, output),
          (error) => this.#failed(running, error),
        );
    }
  }

  #reply(running: Running, output: unknown): void {
    if (!this.#remove(running)) return;
    try {
      this.#send(REPLY, running.id, output);
    } catch (error) {
      this.#fail(running.id, asGoblinError(error));
    }
  }

  #item(running: Running, value: unknown): number {
    return this.#running[running.id & SLOT_MASK] === running ? this.#send(ITEM, running.id, value) : 0;
  }

  #failed(running: Running, thrown: unknown): void {
    if (this.#remove(running)) this.#fail(running.id, begun(asGoblinError(thrown)));
  }

  #fail(id: number, error: GoblinError): void {
    if (this.isEnded) return;
    this.out.frame(ERROR, id, encodeError(error, this.#peer!.maxPayloadBytes));
  }

  /** Sends a value and answers how many bytes it takes. @throws BAD_ANSWER, INTERNAL */
  #send(type: number, id: number, value: unknown): number {
    const payload = this.#encode(value);
    const { maxPayloadBytes } = this.#peer!;
    const room = roomFor(payload);
    if (room > maxPayloadBytes && Buffer.byteLength(payload) > maxPayloadBytes)
      throw answerTooLarge(maxPayloadBytes);
    const start = this.out.begin(type, id, room);
    const end = this.out.put(start, payload);
    this.out.end(end);
    return end - start;
  }

  #encode(value: unknown): string | Uint8Array {
    try {
      return this.#codec.encode(value);
    } catch (error) {
      throw new GoblinError('INTERNAL', { cause: error });
    }
  }

  #add(running: Running): void {
    this.#running[running.id & SLOT_MASK] = running;
    this.#size++;
    if (running.stream) this.#streams++;
  }

  /** Whether the caller still waited for it. */
  #remove(running: Running): boolean {
    const slot = running.id & SLOT_MASK;
    if (this.#running[slot] !== running) return false;
    this.#running[slot] = undefined;
    this.#size--;
    if (running.stream) this.#streams--;
    return !this.isEnded;
  }
}

/** The call was not begun, so any other instance may take it. */
function notTaken(): GoblinError {
  const message = 'this instance is shutting down';
  return new GoblinError('UNAVAILABLE', { message, data: { started: false } });
}

function malformed(error: Error): GoblinError {
  const message = `the input is not JSON: ${error.message}`;
  return new GoblinError('MALFORMED_REQUEST', { message, cause: error });
}

function tooLarge(limit: number): GoblinError {
  const message = `the input is longer than ${limit} bytes (maxPayloadBytes)`;
  return new GoblinError('PAYLOAD_TOO_LARGE', { message, data: { limit } });
}

function answerTooLarge(limit: number): GoblinError {
  const message = `the answer is larger than ${limit} bytes, which the caller takes (maxAnswerBytes)`;
  return new GoblinError('BAD_ANSWER', { message });
}
