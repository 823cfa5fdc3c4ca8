/** A call with a stream of answers. The peer is read no further than HIGH_WATER_BYTES ahead of the consumer; one that
 * stops early closes the connection, which cancels the handler on the other side. */
import { GoblinError } from '@goblin/core';
import { END, type Envelope, EnvelopeReader } from './connect-envelope.ts';
import { fromConnectError, isRecord, STREAM_TYPE } from './connect-protocol.ts';
import { badAnswer } from './connection-failure.ts';
import { HttpCall, type OutgoingCall } from './http-call.ts';
import type { PeerConnections } from './peer-connections.ts';
import { refusalOf } from './unary-call.ts';

/** What may wait for the consumer before the connection is read no further, in bytes of JSON. What one read of the
 * socket brings (64 KiB), or the one item that is larger, comes on top. */
const HIGH_WATER_BYTES = 65_536;
/** Of an answer that is no stream, as much as an error message may need. */
const MAX_REFUSAL_BYTES = 65_536;

interface Item {
  readonly value: unknown;
  readonly bytes: number;
}

interface Outcome {
  readonly error?: GoblinError;
}

export class StreamCall extends HttpCall implements AsyncIterableIterator<unknown> {
  readonly stream = true;
  /** Resolves with the head of the answer; what fails before it rejects here. */
  readonly began: Promise<AsyncIterable<unknown>>;
  #begin!: (items: AsyncIterable<unknown>) => void;
  #refuse!: (error: GoblinError) => void;
  readonly #reader: EnvelopeReader;
  readonly #items: Item[] = [];
  #waitingBytes = 0;
  #wanted: { resolve(result: IteratorResult<unknown>): void; reject(error: GoblinError): void }[] = [];
  #outcome: Outcome | undefined;
  #refusal: { readonly status: number; body: Buffer } | undefined;

  constructor(call: OutgoingCall, connections: PeerConnections) {
    super(call, connections);
    this.#reader = new EnvelopeReader(call.maxAnswerBytes);
    this.began = new Promise((resolve, reject) => {
      this.#begin = resolve;
      this.#refuse = reject;
    });
    this.begin();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown>> {
    return new Promise((resolve, reject) => {
      this.#wanted.push({ resolve, reject });
      this.#serve();
    });
  }

  /** The consumer has had enough. */
  async return(): Promise<IteratorResult<unknown>> {
    this.abort(new GoblinError('CANCELED', { message: 'the consumer left the stream' }));
    this.#items.length = 0;
    this.#waitingBytes = 0;
    this.#outcome = {};
    this.#serve();
    return { done: true, value: undefined };
  }

  protected answering(status: number, contentType: string): void {
    if (status === 200 && contentType.startsWith(STREAM_TYPE)) this.#begin(this);
    else this.#refusal = { status, body: Buffer.alloc(0) };
  }

  protected answered(chunk: Buffer): void {
    if (this.#refusal) {
      if (this.#refusal.body.length < MAX_REFUSAL_BYTES)
        this.#refusal.body = Buffer.concat([this.#refusal.body, chunk]);
      return;
    }
    try {
      for (const envelope of this.#reader.push(chunk)) this.#take(envelope);
    } catch (error) {
      this.abort(badAnswer(this.call.address, (error as Error).message, error));
    }
    this.#serve();
    if (this.#waitingBytes > HIGH_WATER_BYTES) this.controller?.pause();
  }

  #take({ flags, payload }: Envelope): void {
    if (this.#outcome) throw new Error('something follows the end of the stream');
    const value: unknown = payload.length === 0 ? undefined : JSON.parse(payload.toString());
    if ((flags & END) === 0) {
      this.#items.push({ value, bytes: payload.length });
      this.#waitingBytes += payload.length;
    } else if (isRecord(value) && value.error !== undefined) {
      const error = fromConnectError(value.error);
      if (!error) throw new Error('the error at the end of the stream is none');
      this.#outcome = { error };
    } else this.#outcome = {};
  }

  protected complete(): void {
    const { address } = this.call;
    if (this.#refusal) this.failed(refusalOf(address, this.#refusal.status, this.#refusal.body));
    else if (!this.#outcome) this.failed(badAnswer(address, 'the stream has no end'));
    else this.#serve();
  }

  protected failed(error: GoblinError): void {
    this.#outcome ??= { error };
    this.#refuse(error);
    this.#serve();
  }

  /** Gives the consumer what there is: items first, then the outcome. */
  #serve(): void {
    while (this.#wanted.length > 0 && this.#items.length > 0) {
      const { value, bytes } = this.#items.shift()!;
      this.#waitingBytes -= bytes;
      this.#wanted.shift()!.resolve({ done: false, value });
    }
    if (this.#waitingBytes <= HIGH_WATER_BYTES / 2) this.controller?.resume();
    if (!this.#outcome || this.#items.length > 0) return;
    for (const { resolve, reject } of this.#wanted.splice(0)) {
      const { error } = this.#outcome;
      // An error is thrown once; whoever asks again is told that the stream is over.
      this.#outcome = {};
      if (error) reject(error);
      else resolve({ done: true, value: undefined });
    }
  }
}
