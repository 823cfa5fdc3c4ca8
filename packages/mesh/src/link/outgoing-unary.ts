/** A call with one answer. */
import type { Call, ContextValues, GoblinError } from '@goblin/core';
import type { Outcome } from '../dispatcher.ts';
import type { ClientLink } from './client-link.ts';
import { OutgoingCall } from './outgoing-call.ts';

export class OutgoingUnary extends OutgoingCall {
  readonly isStream = false;
  readonly #outcome: Outcome<unknown>;

  constructor(link: ClientLink, call: Call, values: ContextValues, outcome: Outcome<unknown>) {
    super(link, call, values);
    this.#outcome = outcome;
  }

  override reply(bytes: Buffer, at: number, end: number): void {
    if (!this.settle()) return;
    let output: unknown;
    try {
      output = this.link.codec.decode(bytes, at, end);
    } catch (error) {
      return this.#outcome.failed(this.link.badAnswer((error as Error).message, error));
    }
    this.#outcome.succeeded(output, this.link.readAt);
  }

  protected failed(error: GoblinError): void {
    this.#outcome.failed(error);
  }
}
