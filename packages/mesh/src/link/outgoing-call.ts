/** A call on its way over a link: sent, or waiting for the link to open, until the other end answers, the link ends
 * or nobody wants the answer any more. It settles once. */
import {
  type Call,
  type CancelListener,
  type ContextValues,
  cancelledError,
  type GoblinError,
} from '@goblin/core';
import type { ClientLink } from './client-link.ts';

/** It has no number on the link. */
export const UNSENT = -1;

export abstract class OutgoingCall implements CancelListener {
  abstract readonly isStream: boolean;
  readonly call: Call;
  readonly values: ContextValues;
  /** Its number on the link; the link sets it. */
  id: number = UNSENT;
  /** The batch of frames that it left with. */
  batch = 0;
  protected readonly link: ClientLink;
  #isOver = false;

  constructor(link: ClientLink, call: Call, values: ContextValues) {
    this.link = link;
    this.call = call;
    this.values = values;
  }

  /** Whatever comes of it, it comes after this. */
  begin(): void {
    const { cancellation } = this.values;
    if (cancellation.cancelled) return this.fail(cancelledError(cancellation.reason));
    try {
      this.link.send(this);
    } catch (error) {
      return this.fail(error as GoblinError);
    }
    cancellation.listen(this);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The other end began to answer. */
  get hasBegun(): boolean {
    return false;
  }

  /** What the other end says; the link sees to it that a stream gets items and an end, and other calls a reply. */
  reply(_bytes: Buffer, _at: number, _end: number): void {}
  item(_bytes: Buffer, _at: number, _end: number): void {}
  end(): void {}
  protected abstract failed(error: GoblinError): void;

  fail(error: GoblinError): void {
    if (!this.settle()) return;
    this.failed(error);
  }

  /** Nobody wants the answer: tells the other end. */
  cancelled(reason: unknown): void {
    if (!this.settle()) return;
    this.link.cancel(this);
    this.failed(cancelledError(reason));
  }

  /** True once. From then on nothing that comes changes anything. */
  protected settle(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.values.cancellation.unlisten(this);
    return true;
  }
}
