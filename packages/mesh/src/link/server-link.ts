/** The answering end of a link: reads calls, runs them through the same procedures as HTTP does, and writes what they
 * answer. Each call is told when its caller leaves. A caller that sends more than it was allowed breaks the
 * protocol; one that does not read its answers is itself not read any further. */
import type { Socket } from 'node:net';
import {
  type Call,
  type CallService,
  Cancellation,
  type ContextValues,
  deadlines,
  GoblinError,
  type Procedure,
} from '@goblin/core';
import { type Admission, admittedOutcome } from '../admission/admission.ts';
import type { Pace } from '../admission/pace.ts';
import { asGoblinError } from '../http/answer.ts';
import { begun } from '../http/procedure-endpoint.ts';
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
  HEAD_BYTES,
  HELLO,
  ITEM,
  MAX_CALL_HEAD_BYTES,
  MAX_METHOD_BYTES,
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
import { answerTooLarge, inputTooLarge, malformedInput, notTaken } from './link-refusal.ts';
import { type Running, RunningCalls } from './running-calls.ts';
import { LinkViolation } from './violation.ts';

/** Answers that wait for their reader; beyond this no more calls are read, and no more items made. */
const HIGH_WATER_BYTES = 1_048_576;

const CALL_HEAD_BYTES = 3;
const WINDOW_BYTES = 4;

/** A procedure that is served. */
export interface LinkEndpoint {
  readonly procedure: Procedure;
  readonly procedures: CallService;
  /** The same without a promise where the answer is there at once. */
  answer(call: Call): unknown;
  /** How long it takes, where there is admission. */
  readonly pace: Pace | undefined;
}

/** The clock is read once for all frames of a read, for their time has come when they were read. For admission, which
 * wants to know how late it has become meanwhile, it is read again after so many calls. */
const CALLS_PER_READING = 8;

export interface ServerLinkOptions {
  readonly instance: string;
  readonly limits: LinkLimits;
  /** What is served, by path; an error for what is not. */
  endpoint(path: string): LinkEndpoint | GoblinError;
  isDraining(): boolean;
  readonly admission: Admission | undefined;
  /** Called once, when nothing goes through any more. */
  onEnd(link: ServerLink, reason: Error | undefined): void;
}

export class ServerLink extends LinkEnd {
  readonly #options: ServerLinkOptions;
  readonly #methods: (LinkEndpoint | GoblinError)[] = [];
  readonly #running = new RunningCalls();
  #codec: Codec = jsonCodec;
  /** What the caller takes; unknown until it has said hello. */
  #peer: Hello | undefined;
  #drained: Promise<void> | undefined;
  /** When the frames that are being taken were read. */
  #readAt = 0;
  /** Not much later than now, while calls are taken. */
  #now = 0;
  #sinceReading = 0;

  constructor(socket: Socket, options: ServerLinkOptions) {
    super(socket, PREFACE);
    this.#options = options;
  }

  /** Calls that run. */
  get size(): number {
    return this.#running.size;
  }

  protected get isOwed(): boolean {
    return this.#running.size > 0;
  }

  /** Asks the caller to finish what runs and to close. */
  drain(): void {
    if (!this.isEnded && this.isGreeted) this.out.frame(DRAIN, NO_CALL);
    else if (!this.isEnded) this.finish();
  }

  /** Ends everything that runs. */
  cancelAll(reason: GoblinError): void {
    this.#running.cancelAll(reason);
  }

  protected take(type: number, id: number, bytes: Buffer, at: number, end: number): void {
    if (type === CALL && this.#peer) this.#call(id, bytes, at, end);
    else if (!this.#peer) this.#greet(type, bytes.toString('utf8', at, end));
    else if (type === CANCEL) this.#cancel(id);
    else if (type === WINDOW) this.#widen(id, bytes, at, end);
    else if (type === METHOD) this.#define(id, bytes, at, end);
    else throw new LinkViolation(`frames of type ${type} are unknown here`);
  }

  protected taken(): void {
    this.#readAt = 0;
    const congestion = this.congestion();
    if (!congestion || this.socket.isPaused()) return;
    this.socket.pause();
    void congestion.then(() => this.socket.resume());
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

  #define(method: number, bytes: Buffer, at: number, end: number): void {
    if (method !== this.#methods.length) throw new LinkViolation('methods are not numbered in turn');
    if (method >= this.#options.limits.maxMethods) throw new LinkViolation('too many methods are named');
    if (end - at > MAX_METHOD_BYTES) throw new LinkViolation('the name of a method is too long');
    this.#methods.push(this.#options.endpoint(bytes.toString('utf8', at, end)));
  }

  #cancel(id: number): void {
    const running = this.#running.get(id);
    if (!running) return;
    this.#running.remove(running);
    running.cancellation.cancel(new GoblinError('CANCELED'));
  }

  #widen(id: number, bytes: Buffer, at: number, end: number): void {
    if (end - at !== WINDOW_BYTES) throw new LinkViolation('a window has no size');
    this.#running.get(id)?.stream?.widen(readUint32(bytes, at));
  }

  #call(id: number, bytes: Buffer, at: number, end: number): void {
    const { limits } = this.#options;
    this.#running.mustBeFree(id, limits.maxCalls);
    if (end - at < CALL_HEAD_BYTES) throw new LinkViolation('a call has no head');
    const endpoint = this.#methods[readUint16(bytes, at)];
    if (!endpoint) throw new LinkViolation('a call is of a method that was not defined');
    const flags = bytes[at + 2]!;
    const contextAt = at + CALL_HEAD_BYTES;
    const payloadAt = contextAt + contextLength(bytes, contextAt, end, flags);
    if (this.#options.isDraining()) return this.#fail(id, notTaken());
    if (endpoint instanceof GoblinError) return this.#fail(id, endpoint);
    if (end - payloadAt > limits.maxPayloadBytes)
      return this.#fail(id, inputTooLarge(limits.maxPayloadBytes));

    if (this.#readAt === 0) this.#readAt = this.#now = deadlines.clock.now();
    const cancellation = new Cancellation();
    const allowedMs = endpoint.procedure.deadlineMs;
    const values = readContext(bytes, contextAt, flags, cancellation, this.#readAt, allowedMs);
    const { admission } = this.#options;
    const stream = endpoint.procedure.stream ? this.#openStream() : undefined;
    if (!admission) return this.#begin(id, endpoint, values, stream, this.#readAt, 0, bytes, payloadAt, end);
    if (++this.#sinceReading === CALLS_PER_READING) {
      this.#sinceReading = 0;
      this.#now = deadlines.clock.now();
    }
    const waiting = admission.tryEnter(values, this.#now, endpoint.pace);
    if (waiting === undefined)
      this.#begin(id, endpoint, values, stream, this.#readAt, this.#now, bytes, payloadAt, end);
    else if (waiting instanceof GoblinError) this.#fail(id, waiting);
    else this.#wait(id, endpoint, values, stream, Buffer.from(bytes.subarray(payloadAt, end)), waiting);
  }

  /** @throws LinkViolation */
  #openStream(): IncomingStream {
    if (this.#running.streams >= this.#options.limits.maxStreams)
      throw new LinkViolation('more streams are open than are allowed');
    return new IncomingStream(this.#peer!.windowBytes);
  }

  /** Its input is not looked at before it may begin. */
  #wait(
    id: number,
    endpoint: LinkEndpoint,
    values: ContextValues,
    stream: IncomingStream | undefined,
    input: Buffer,
    turn: Promise<number>,
  ): void {
    const readAt = this.#readAt;
    const running: Running = { id, cancellation: values.cancellation, stream };
    this.#running.add(running);
    turn.then(
      (now) => {
        if (this.#remove(running))
          this.#begin(id, endpoint, values, stream, readAt, now, input, 0, input.length);
        else this.#options.admission!.leave(now, now, 'dropped');
      },
      (refusal) => this.#remove(running) && this.#fail(id, asGoblinError(refusal)),
    );
  }

  /** Whoever begins has entered, and leaves when it is answered. */
  #begin(
    id: number,
    endpoint: LinkEndpoint,
    values: ContextValues,
    stream: IncomingStream | undefined,
    readAt: number,
    enteredAt: number,
    bytes: Buffer,
    from: number,
    to: number,
  ): void {
    const { admission } = this.#options;
    const { procedure } = endpoint;
    let output: unknown;
    try {
      const input = this.#decode(bytes, from, to);
      if (stream) return this.#stream(id, endpoint, values, stream, input, enteredAt);
      output = endpoint.answer({ procedure, input, context: values, at: readAt });
    } catch (thrown) {
      admission?.leave(enteredAt, enteredAt, 'failed');
      return this.#fail(id, begun(asGoblinError(thrown)));
    }
    if (!(output instanceof Promise)) {
      admission?.leave(enteredAt, enteredAt, 'ok');
      return this.#reply(id, output);
    }
    const running: Running = { id, cancellation: values.cancellation, stream: undefined };
    this.#running.add(running);
    output.then(
      (value) => {
        admission?.leave(enteredAt, deadlines.clock.now(), 'ok', endpoint.pace);
        if (this.#remove(running)) this.#reply(id, value);
      },
      (thrown) => {
        admission?.leave(enteredAt, deadlines.clock.now(), admittedOutcome(thrown), endpoint.pace);
        this.#failed(running, thrown);
      },
    );
  }

  #decode(bytes: Buffer, from: number, to: number): unknown {
    try {
      return this.#codec.decode(bytes, from, to);
    } catch (error) {
      throw malformedInput(error as Error);
    }
  }

  /** It counts until it is open; how many streams are open has a limit of its own. */
  #stream(
    id: number,
    endpoint: LinkEndpoint,
    values: ContextValues,
    stream: IncomingStream,
    input: unknown,
    enteredAt: number,
  ): void {
    const { admission } = this.#options;
    const running: Running = { id, cancellation: values.cancellation, stream };
    this.#running.add(running);
    let isOpen = false;
    const opened = (): void => {
      if (!isOpen) admission?.leave(enteredAt, enteredAt, 'ok');
      isOpen = true;
    };
    const sink = {
      opened,
      item: (value: unknown) => this.#item(running, value),
      congestion: () => this.congestion(),
    };
    stream.run(values, endpoint.procedures, { procedure: endpoint.procedure, input }, sink).then(
      () => this.#remove(running) && this.out.frame(END, id),
      (thrown) => {
        opened();
        this.#failed(running, thrown);
      },
    );
  }

  #reply(id: number, output: unknown): void {
    try {
      this.#send(REPLY, id, output);
    } catch (error) {
      this.#fail(id, asGoblinError(error));
    }
  }

  #item(running: Running, value: unknown): number {
    return this.#running.has(running) ? this.#send(ITEM, running.id, value) : 0;
  }

  #failed(running: Running, thrown: unknown): void {
    if (this.#remove(running)) this.#fail(running.id, begun(asGoblinError(thrown)));
  }

  #fail(id: number, error: GoblinError): void {
    if (this.isEnded) return;
    this.out.frame(ERROR, id, encodeError(error, this.#peer!.maxPayloadBytes));
  }

  /** Sends a value and answers how many bytes its frame takes. @throws BAD_ANSWER, INTERNAL */
  #send(type: number, id: number, value: unknown): number {
    const payload = this.#encode(value);
    const { maxPayloadBytes } = this.#peer!;
    const room = roomFor(payload);
    if (room > maxPayloadBytes && Buffer.byteLength(payload) > maxPayloadBytes)
      throw answerTooLarge(maxPayloadBytes);
    const start = this.out.begin(type, id, room);
    const end = this.out.put(start, payload);
    this.out.end(end);
    return HEAD_BYTES + end - start;
  }

  #encode(value: unknown): string | Uint8Array {
    try {
      return this.#codec.encode(value);
    } catch (error) {
      throw new GoblinError('INTERNAL', { cause: error });
    }
  }

  /** Whether the caller still waits for it. */
  #remove(running: Running): boolean {
    return this.#running.remove(running) && !this.isEnded;
  }
}
