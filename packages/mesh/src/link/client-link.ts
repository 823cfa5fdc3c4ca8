/** The caller's end of a link: opens the connection, says hello, sends calls and gives the answers to those who wait.
 * Calls that come while it opens wait for it. When the other end drains, what runs is finished and nothing new
 * begun; when the link ends in any other way, every call fails with CONNECTION_FAILED. Those that were never
 * given to the socket surely never began and say so. */
import type { Socket } from 'node:net';
import { deadlines, GoblinError, type Procedure } from '@goblin/core';
import { badAnswer, connectionFailure, type Progress } from '../http/connection-failure.ts';
import { encodeAttributes } from './call-attributes.ts';
import { FIXED_BYTES, flagsOf, writeContext } from './call-context.ts';
import { type Codec, chooseCodec, jsonCodec } from './codec.ts';
import { decodeError } from './error-payload.ts';
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
  VERSION,
  WINDOW,
  writeUint16,
  writeUint32,
} from './frames.ts';
import { type Hello, helloOf, type LinkLimits, parseHello } from './hello.ts';
import { LinkEnd } from './link-end.ts';
import { type OutgoingCall, UNSENT } from './outgoing-call.ts';
import { SlotTable } from './slot-table.ts';
import { LinkViolation } from './violation.ts';

/** Calls that wait for a link to open; more are refused. */
export const MAX_WAITING = 16_384;
/** Bytes that wait for the other end to read; beyond this, calls are refused. */
export const MAX_BACKLOG_BYTES: number = 16 * 1_048_576;

/** Method and flags, before the context. */
const CALL_HEAD_BYTES = 3;
const WINDOW_BYTES = 4;

export interface ClientLinkOptions {
  /** `127.0.0.1:4711`, for messages. */
  readonly address: string;
  /** Who calls. */
  readonly instance: string;
  readonly limits: LinkLimits;
  /** Called once, when nothing goes through any more. */
  readonly onEnd: (link: ClientLink, reason: Error | undefined) => void;
}

export class ClientLink extends LinkEnd {
  codec: Codec = jsonCodec;
  readonly #options: ClientLinkOptions;
  readonly #calls = new SlotTable<OutgoingCall>();
  readonly #waiting = new Set<OutgoingCall>();
  readonly #methods = new Map<Procedure, number>();
  #streams = 0;
  /** What the other end takes; unknown until it has said hello. */
  #peer: Hello | undefined;
  #isDraining = false;
  /** When the calls of which batch began to be written. */
  #batchBeganAt = 0;
  #batch = -1;
  #readAt = 0;

  constructor(socket: Socket, options: ClientLinkOptions) {
    super(socket);
    this.#options = options;
    this.out.raw(PREFACE);
    this.out.frame(HELLO, NO_CALL, JSON.stringify(helloOf(options.instance, options.limits)));
  }

  /** Of a stream's items that were not taken yet. */
  get windowBytes(): number {
    return this.#options.limits.windowBytes;
  }

  /** Calls that were sent and not answered. */
  get size(): number {
    return this.#calls.size;
  }

  get streams(): number {
    return this.#streams;
  }

  protected get isOwed(): boolean {
    return this.#calls.size > 0;
  }

  /** Sends a call, or keeps it until the link is open.
   * @throws UNAVAILABLE with `data.started` false when it cannot be taken; INVALID_INPUT, PAYLOAD_TOO_LARGE,
   * HEADERS_TOO_LARGE when it cannot be said. */
  send(call: OutgoingCall): void {
    if (this.isEnded || this.#isDraining) throw this.#notTaken('is closing');
    const peer = this.#peer;
    if (!peer) {
      if (this.#waiting.size >= MAX_WAITING) throw this.#notTaken(`has ${MAX_WAITING} calls waiting`);
      this.#waiting.add(call);
      return;
    }
    if (this.#calls.size >= peer.maxCalls) throw this.#notTaken(`has ${peer.maxCalls} calls running`);
    if (call.isStream && this.#streams >= peer.maxStreams)
      throw this.#notTaken(`has ${peer.maxStreams} streams open`);
    if (this.out.backlog > MAX_BACKLOG_BYTES) throw this.#notTaken('does not read what is sent');
    this.#write(call, peer);
  }

  #write(call: OutgoingCall, { maxPayloadBytes, maxMethods }: Hello): void {
    const { out } = this;
    const { values } = call;
    const { procedure, input } = call.call;
    const payload = this.codec.encode(input);
    const room = roomFor(payload);
    if (room > maxPayloadBytes && Buffer.byteLength(payload) > maxPayloadBytes)
      throw payloadTooLarge(procedure.path, maxPayloadBytes);
    const attributes = encodeAttributes(values);
    const method = this.#methods.get(procedure) ?? this.#define(procedure, maxMethods);
    call.id = this.#calls.add(call);
    if (call.isStream) this.#streams++;
    let at = out.begin(CALL, call.id, CALL_HEAD_BYTES + FIXED_BYTES + (attributes?.length ?? 0) + room);
    writeUint16(out.bytes, at, method);
    out.bytes[at + 2] = flagsOf(values, attributes);
    at = writeContext(out.bytes, at + CALL_HEAD_BYTES, values, this.#batchBegan());
    if (attributes) at = out.put(at, attributes);
    out.end(out.put(at, payload));
    call.batch = out.batches;
  }

  /** The time as of the first call of a batch, which all leave together: reading a clock costs as much as writing
   * a call. */
  #batchBegan(): number {
    if (this.#batch !== this.out.batches) {
      this.#batch = this.out.batches;
      this.#batchBeganAt = deadlines.clock.now();
    }
    return this.#batchBeganAt;
  }

  /** When the frames that are being taken were read. */
  get readAt(): number {
    this.#readAt ||= deadlines.clock.now();
    return this.#readAt;
  }

  /** Gives a procedure its number, by which calls name it from now on. */
  #define(procedure: Procedure, maxMethods: number): number {
    const method = this.#methods.size;
    if (method >= maxMethods) throw this.#notTaken(`knows ${maxMethods} procedures already`);
    this.#methods.set(procedure, method);
    this.out.frame(METHOD, method, procedure.path);
    return method;
  }

  /** The call is not wanted any more. */
  cancel(call: OutgoingCall): void {
    if (this.#waiting.delete(call) || this.isEnded || call.id === UNSENT) return;
    this.out.frame(CANCEL, call.id);
    this.#remove(call);
    if (this.#isDraining) this.#finishIfIdle();
  }

  /** Lets the other end send more items. */
  widen(call: OutgoingCall, bytes: number): void {
    if (this.isEnded) return;
    const at = this.out.begin(WINDOW, call.id, WINDOW_BYTES);
    writeUint32(this.out.bytes, at, bytes);
    this.out.end(at + WINDOW_BYTES);
  }

  /** Finishes what runs and closes; takes nothing new. */
  drain(): void {
    this.#isDraining = true;
    for (const call of this.#waiting) call.fail(this.#notTaken('is closing'));
    this.#waiting.clear();
    this.#finishIfIdle();
  }

  badAnswer(what: string, cause?: unknown): GoblinError {
    return badAnswer(this.#options.address, what, cause);
  }

  protected take(type: number, id: number, bytes: Buffer, at: number, end: number): void {
    if (!this.isGreeted) return this.#greeted(type, bytes.toString('utf8', at, end));
    if (type === DRAIN) return this.drain();
    const call = this.#calls.get(id);
    // An answer that comes after its call was cancelled has nobody waiting for it.
    if (!call) return;
    if (call.isStream ? type === REPLY : type === ITEM || type === END)
      throw new LinkViolation('a stream and a single answer are mixed up');
    if (type === ITEM) return call.item(bytes, at, end);
    if (type !== REPLY && type !== END && type !== ERROR)
      throw new LinkViolation(`frames of type ${type} are unknown here`);
    this.#remove(call);
    if (type === REPLY) call.reply(bytes, at, end);
    else if (type === END) call.end();
    else call.fail(this.#errorOf(bytes.toString('utf8', at, end)));
  }

  protected taken(): void {
    this.#readAt = 0;
    if (this.#isDraining) this.#finishIfIdle();
  }

  #finishIfIdle(): void {
    if (this.#calls.size === 0 && !this.isEnded) this.finish();
  }

  /** An end that goes in good order drains first. */
  protected override whyClosed(): Error | undefined {
    return super.whyClosed() ?? (this.#isDraining ? undefined : new Error('it was closed'));
  }

  protected ended(reason: Error | undefined): void {
    const { address, onEnd } = this.#options;
    onEnd(this, reason);
    const why = reason ?? new Error('it was closed');
    for (const call of this.#waiting) call.fail(connectionFailure(why, address, 'unsent'));
    this.#waiting.clear();
    for (const call of this.#calls) call.fail(connectionFailure(why, address, this.#progressOf(call)));
  }

  #progressOf(call: OutgoingCall): Progress {
    if (call.hasBegun) return 'answering';
    return call.batch === this.out.batches ? 'unsent' : 'sent';
  }

  /** The other end's hello: what waited is sent. */
  #greeted(type: number, json: string): void {
    if (type !== HELLO) throw new LinkViolation('it does not begin with a hello');
    const peer = parseHello(json);
    const codec = chooseCodec(peer.codecs);
    if (peer.version > VERSION || !codec) throw new LinkViolation('the hello chose what was not offered');
    this.codec = codec;
    this.reader.maxLength = this.#options.limits.maxPayloadBytes + MAX_CALL_HEAD_BYTES;
    this.#peer = peer;
    this.isGreeted = true;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const call of waiting) {
      try {
        this.send(call);
      } catch (error) {
        call.fail(error as GoblinError);
      }
    }
  }

  #remove(call: OutgoingCall): void {
    this.#calls.remove(call.id);
    if (call.isStream) this.#streams--;
  }

  #errorOf(json: string): GoblinError {
    return decodeError(json) ?? this.badAnswer('an error that is none');
  }

  #notTaken(why: string): GoblinError {
    const message = `the link to ${this.#options.address} ${why}`;
    return new GoblinError('UNAVAILABLE', { message, data: { started: false } });
  }
}

function payloadTooLarge(path: string, maxBytes: number): GoblinError {
  return new GoblinError('PAYLOAD_TOO_LARGE', {
    message: `the input of ${path} is longer than ${maxBytes} bytes, which the other side takes (maxPayloadBytes)`,
    data: { limit: maxBytes },
  });
}
