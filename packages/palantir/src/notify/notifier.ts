/** A way to tell people. */
import type { Message } from './message.ts';

/** A message on its way. */
export interface Outgoing extends Message {
  /** What the receiver gave for the first message of the thread, such as Slack's `ts`. */
  readonly replyTo?: string;
  /** When it was tried first, where it was: it may have been taken, and nobody heard so. */
  readonly triedSinceMs?: number;
}

export interface Receipt {
  /** What later messages of the thread refer to. */
  readonly reference?: string;
}

export interface Notifier {
  readonly name: string;
  readonly kind: string;
  /** Whether it has anything to say of it; a pager does not tell notes. */
  takes(message: Message): boolean;
  /** Resolves when the receiver has taken it.
   * @throws INVALID_INPUT where this message will never be taken; FAILED_PRECONDITION where none will until somebody corrects the
   * settings; anything else passes, and `retryAfterMs` among the error's data says when */
  send(message: Outgoing, signal: AbortSignal): Promise<Receipt>;
}
