/** A call with one answer. */
import type { Call, ContextValues, GoblinError } from '@goblin/core';
import type { ClientLink } from './client-link.ts';
import { OutgoingCall } from './outgoing-call.ts';
import { LinkViolation } from './violation.ts';

/** The output. @throws as Transport.call does */
export function unaryOver(link: ClientLink, call: Call, values: ContextValues): Promise<unknown> {
  return new Promise((resolve, reject) => new OutgoingUnary(link, call, values, resolve, reject).begin());
}

class OutgoingUnary extends OutgoingCall {
  readonly isStream = false;
  readonly #resolve: (output: unknown) => void;
  readonly #reject: (error: GoblinError) => void;

  constructor(
    link: ClientLink,
    call: Call,
    values: ContextValues,
    resolve: (output: unknown) => void,
    reject: (error: GoblinError) => void,
  ) {
    super(link, call, values);
    this.#resolve = resolve;
    this.#reject = reject;
  }

  reply(bytes: Buffer, at: number, end: number): void {
    if (!this.settle()) return;
    try {
      this.#resolve(this.link.codec.decode(bytes, at, end));
    } catch (error) {
      this.#reject(this.link.badAnswer((error as Error).message, error));
    }
  }

  item(): void {
    throw new LinkViolation('an item answers a call that has one answer');
  }

  end(): void {
    throw new LinkViolation('the end of a stream answers a call that has one answer');
  }

  protected failed(error: GoblinError): void {
    this.#reject(error);
  }
}
