/** A call with a stream of answers. The other end sends no more than the window that it was given; what the consumer
 * takes makes room again, so that at most a window and one item wait here. A consumer that leaves cancels the
 * handler on the other side. */
import { type Call, type ContextValues, GoblinError } from '@goblin/core';
import type { ClientLink } from './client-link.ts';
import { HEAD_BYTES } from './frames.ts';
import { OutgoingCall } from './outgoing-call.ts';
import { LinkViolation } from './violation.ts';

interface Waiting {
  resolve(result: IteratorResult<unknown>): void;
  reject(error: GoblinError): void;
}

interface Item {
  readonly value: unknown;
  /** Of its frame. */
  readonly bytes: number;
}

type Outcome = { readonly error?: GoblinError };

/** The items. @throws as Transport.call does */
export async function streamOver(
  link: () => ClientLink,
  call: Call,
  values: ContextValues,
): Promise<AsyncIterable<unknown>> {
  const stream = new OutgoingStream(link(), call, values);
  stream.begin();
  return stream;
}

class OutgoingStream extends OutgoingCall implements AsyncIterableIterator<unknown> {
  readonly isStream = true;
  readonly #items: Item[] = [];
  readonly #waiting: Waiting[] = [];
  #outcome: Outcome | undefined;
  #hasBegun = false;
  /** Bytes that the other end may still send. */
  #room: number;
  /** Bytes that were taken since it was last told. */
  #taken = 0;

  constructor(link: ClientLink, call: Call, values: ContextValues) {
    super(link, call, values);
    this.#room = link.windowBytes;
  }

  override get hasBegun(): boolean {
    return this.#hasBegun;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#serve();
    });
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.cancelled(new GoblinError('CANCELED', { message: 'the consumer left the stream' }));
    this.#items.length = 0;
    this.#outcome = {};
    this.#serve();
    return { done: true, value: undefined };
  }

  override item(bytes: Buffer, at: number, end: number): void {
    const length = HEAD_BYTES + end - at;
    if (this.#room <= 0) throw new LinkViolation('an item was sent that there was no room for');
    this.#room -= length;
    this.#hasBegun = true;
    try {
      this.#items.push({ value: this.link.codec.decode(bytes, at, end), bytes: length });
    } catch (error) {
      this.cancelled(this.link.badAnswer((error as Error).message, error));
    }
    this.#serve();
  }

  override end(): void {
    this.settle();
    this.#outcome ??= {};
    this.#serve();
  }

  protected failed(error: GoblinError): void {
    this.#outcome ??= { error };
    this.#serve();
  }

  /** Gives the consumer what there is: items first, then the outcome. */
  #serve(): void {
    while (this.#waiting.length > 0 && this.#items.length > 0) {
      const { value, bytes } = this.#items.shift()!;
      this.#taken += bytes;
      this.#waiting.shift()!.resolve({ done: false, value });
    }
    if (this.#taken >= this.link.windowBytes / 2 && !this.isOver) {
      this.#room += this.#taken;
      this.link.widen(this, this.#taken);
      this.#taken = 0;
    }
    if (!this.#outcome || this.#items.length > 0) return;
    for (const { resolve, reject } of this.#waiting.splice(0)) {
      const { error } = this.#outcome;
      // An error is thrown once; whoever asks again is told that the stream is over.
      this.#outcome = {};
      if (error) reject(error);
      else resolve({ done: true, value: undefined });
    }
  }
}
