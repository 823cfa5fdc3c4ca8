/** Sends the queue of one notifier, in order and one at a time. What fails is tried again after growing pauses, or when the receiver
 * says, for GIVE_UP_MS. When it has failed for HAND_ON_MS, or cannot work until somebody corrects its settings, all that waits is
 * handed on to who stands in; it goes on trying itself. */
import { type Clock, GoblinError, isGoblinError, type Logger } from '@goblin/core';
import type { DeliveryMetrics } from './delivery-metrics.ts';
import type { Notifier, Outgoing, Receipt } from './notifier.ts';
import type { Delivery } from './outbox.ts';
import type { Queues } from './queues.ts';

const ATTEMPT_MS = 15_000;
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 300_000;
/** Longer waits come from a clock that was set back. */
const MAX_WAIT_MS = 2 * 3_600_000;
export const HAND_ON_MS = 60_000;
export const GIVE_UP_MS = 6 * 3_600_000;

export interface Failure {
  readonly error: string;
  readonly sinceMs: number;
}

export interface QueueWorkerOptions {
  readonly queues: Queues;
  readonly clock: Clock;
  readonly log: Logger;
  readonly measured: DeliveryMetrics;
  /** From 0 to 1. */
  readonly random: () => number;
}

export class QueueWorker {
  readonly #name: string;
  readonly #options: QueueWorkerOptions;
  #failure: Failure | undefined;

  constructor(name: string, options: QueueWorkerOptions) {
    this.#name = name;
    this.#options = options;
  }

  /** While it fails. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** Until the signal is aborted, or there is no such notifier any more. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { queues, log } = this.#options;
    const bell = queues.bell(this.#name);
    while (!signal.aborted) {
      const notifier = queues.notifiers.get(this.#name);
      if (!notifier) return;
      try {
        const pauseMs = await this.#step(notifier, signal);
        if (pauseMs !== 0) await bell.wait(pauseMs, signal);
      } catch (err) {
        log.error({ err, notifier: this.#name }, 'a message could not be read or marked; it is tried again');
        await bell.wait(MAX_PAUSE_MS, signal);
      }
    }
  }

  /** @returns how long there is nothing to do, at most; undefined until something comes */
  async #step(notifier: Notifier, signal: AbortSignal): Promise<number | undefined> {
    const { queues, clock } = this.#options;
    const head = queues.outbox.first(this.#name);
    if (!head) return undefined;
    const nowMs = clock.wall();
    const waitMs = head.nextMs - nowMs;
    if (waitMs <= 0 || waitMs > MAX_WAIT_MS) {
      await this.#attempt(notifier, head, signal);
      return 0;
    }
    const patienceMs = (head.failedMs ?? nowMs) + HAND_ON_MS - nowMs;
    if (patienceMs > 0) return Math.min(waitMs, patienceMs);
    queues.handOnAll(this.#name);
    return waitMs;
  }

  async #attempt(notifier: Notifier, delivery: Delivery, signal: AbortSignal): Promise<void> {
    const { queues, clock, log, measured } = this.#options;
    const { message, begunMs } = delivery;
    const first = queues.outbox.reference(this.#name, message.thread);
    const replyTo = startsThread(delivery) ? undefined : first;
    const outgoing: Outgoing = {
      ...message,
      ...(replyTo !== undefined && { replyTo }),
      ...(begunMs !== undefined && { triedSinceMs: begunMs }),
    };
    let receipt: Receipt;
    queues.outbox.begin(delivery.id, clock.wall());
    try {
      receipt = await queues.holding(delivery, () => sendWithin(clock, notifier, outgoing, signal));
    } catch (error) {
      if (!signal.aborted) this.#failed(delivery, error);
      return;
    }
    // Later messages refer to the first one of the thread, not to each other.
    queues.outbox.sent(delivery, replyTo ?? receipt.reference, clock.wall());
    measured.sent.with(this.#name).add();
    if (this.#failure) log.info({ notifier: this.#name }, 'a notifier works again');
    this.#failure = undefined;
  }

  #failed(delivery: Delivery, error: unknown): void {
    const { queues, clock, log, measured, random } = this.#options;
    const nowMs = clock.wall();
    const { message: text } = error as Error;
    measured.failures.with(this.#name).add();
    if (isGoblinError(error, 'INVALID_INPUT')) return queues.giveUp(delivery, text);
    if (!this.#failure) log.warn({ err: error, notifier: this.#name }, 'a notifier fails; it is tried again');
    this.#failure = { error: text, sinceMs: this.#failure?.sinceMs ?? nowMs };
    if (nowMs - delivery.createdMs >= GIVE_UP_MS) return queues.giveUp(delivery, text);
    const growingMs = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(delivery.attempts, 20), MAX_PAUSE_MS);
    const pauseMs = Math.max(growingMs * (0.5 + random() / 2), retryAfterOf(error));
    queues.outbox.failed(delivery.id, text, nowMs + pauseMs, nowMs);
    if (isGoblinError(error, 'FAILED_PRECONDITION')) queues.handOnAll(this.#name);
  }
}

/** @throws DEADLINE_EXCEEDED, and what the notifier throws */
export async function sendWithin(
  clock: Clock,
  notifier: Notifier,
  message: Outgoing,
  signal: AbortSignal,
): Promise<Receipt> {
  const deadline = new AbortController();
  const timer = clock.after(ATTEMPT_MS, () => {
    const said = `it did not answer within ${ATTEMPT_MS / 1_000} s`;
    deadline.abort(new GoblinError('DEADLINE_EXCEEDED', { message: said }));
  });
  try {
    return await notifier.send(message, AbortSignal.any([signal, deadline.signal]));
  } finally {
    timer.cancel();
  }
}

function startsThread({ message: { reason } }: Delivery): boolean {
  return reason === 'opened' || reason === 'firing' || reason === 'folded';
}

function retryAfterOf(error: unknown): number {
  const ms = isGoblinError(error) ? error.data?.retryAfterMs : undefined;
  return typeof ms === 'number' ? ms : 0;
}
