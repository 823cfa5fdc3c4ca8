/** One mail and one route, from the handover to the outcome in the mail's row. */
import { Cancellation, context, GoblinError, isGoblinError, sleep, systemClock } from '@goblin/core';
import type { Database, Transaction } from '@goblin/data';
import { masked, maskedText } from '../addresses.ts';
import {
  type AttemptRecord,
  attemptRecord,
  beginHandover,
  endHandover,
  type Handover,
  type Message,
  noteAttempt,
  settleQueued,
} from '../messages/message-table.ts';
import { suppress } from '../messages/suppression-list.ts';
import type { Outcome, OutgoingMail, RefusedRecipient } from '../routes/route.ts';
import type { Delivery } from './deliver.ts';
import { deliver } from './deliver-task.ts';
import type { RunningRoute } from './running-route.ts';

/** How long an answer is tried to be written down while the database is away. After that it is forgotten. */
const RECORD_TIMEOUT_MS = 20_000;
const RECORD_PAUSE_MS = 200;

export class Attempt {
  /** Somebody else has the mail now. */
  overtaken = false;
  readonly #delivery: Delivery;
  readonly #message: Message;
  readonly #mail: OutgoingMail;
  readonly #route: RunningRoute;
  #handover: Handover | undefined;
  #handing: Promise<void> | undefined;
  #ended = false;

  constructor(delivery: Delivery, message: Message, mail: OutgoingMail, route: RunningRoute) {
    this.#delivery = delivery;
    this.#message = message;
    this.#mail = mail;
    this.#route = route;
  }

  async run(signal: AbortSignal): Promise<Outcome> {
    // It is called from within a socket's events, which know nothing of this job.
    const values = context.current;
    const handOver = (): Promise<void> => {
      this.#handing = context.enter(values, () => this.#handOver());
      return this.#handing;
    };
    const outcome = await this.#route.send({ mail: this.#mail, handOver }, signal);
    this.#ended = true;
    // The attempt may have ended in the midst of it.
    await this.#handing?.catch(() => {});
    await this.#record(outcome);
    return outcome;
  }

  async #handOver(): Promise<void> {
    const { id } = this.#message;
    if (this.#ended) throw new GoblinError('CANCELED', { message: 'the attempt has ended' });
    this.#handover = await beginHandover(this.#delivery.db, id, this.#route.name, this.#mail.messageId);
    if (this.#handover) return;
    this.overtaken = true;
    throw new GoblinError('CONFLICT', { message: `another process sends the mail ${id}` });
  }

  /** Writes the outcome down. It is known now, so it must not get lost with the job or with a moment without database. */
  async #record(outcome: Outcome): Promise<void> {
    if (this.overtaken) return;
    const giveUpAt = systemClock.now() + RECORD_TIMEOUT_MS;
    await context.run({ cancellation: new Cancellation(), deadline: giveUpAt }, async () => {
      for (;;) {
        try {
          return await this.#recordOnce(outcome);
        } catch (error) {
          if (!isGoblinError(error, 'DATABASE_UNAVAILABLE') || systemClock.now() > giveUpAt) throw error;
          await sleep(RECORD_PAUSE_MS);
        }
      }
    });
  }

  async #recordOnce(outcome: Outcome): Promise<void> {
    const { db, clock } = this.#delivery;
    const message = this.#message;
    const handover = this.#handover;
    const record = attemptRecord(this.#route.name, outcome.outcome, answerOf(outcome), clock.wall());
    const state = stateAfter(outcome, message);
    const refused = 'refused' in outcome ? outcome.refused : undefined;
    const gone = (refused ?? []).filter((recipient) => recipient.gone);
    if (handover && state === 'sent' && gone.length === 0) {
      // Most go here, and need no transaction.
      await endHandover(db, handover, state, record, providerIdOf(outcome));
    } else await db.transaction((tx) => this.#recordIn(tx, state, record, providerIdOf(outcome), gone));
    if (state === 'unknown') warnUnknown(db, message, record.answer);
    const about = { mail: message.id, kind: message.kind, route: this.#route.name };
    for (const { address, answer } of refused ?? [])
      db.telemetry.log.warn(
        { ...about, address: masked(address), answer: maskedText(answer) },
        'a recipient was refused',
      );
  }

  async #recordIn(
    tx: Transaction,
    state: State,
    record: AttemptRecord,
    providerId: string | undefined,
    gone: readonly RefusedRecipient[],
  ): Promise<void> {
    const { id } = this.#message;
    for (const { address, answer } of gone) await suppress(tx, address, 'bounce', answer);
    if (!this.#handover) {
      if (state === 'failed') await settleQueued(tx, id, 'failed', record);
      else await noteAttempt(tx, id, record);
      return;
    }
    const before = await endHandover(tx, this.#handover, state, record, providerId);
    // It was given up meanwhile, and its task has ended; now it is certain that it was not sent.
    if (before === 'unknown' && state === 'queued') await deliver.enqueue(tx, { input: { message: id } });
  }
}

function providerIdOf(outcome: Outcome): string | undefined {
  return outcome.outcome === 'accepted' ? outcome.providerId : undefined;
}

type State = 'sent' | 'failed' | 'queued' | 'unknown';

function stateAfter(outcome: Outcome, { policy }: Message): State {
  switch (outcome.outcome) {
    case 'accepted':
      return 'sent';
    case 'refused':
      return 'failed';
    case 'declined':
      return 'queued';
    case 'unknown':
      return policy === 'never-twice' ? 'unknown' : 'queued';
  }
}

function answerOf(outcome: Outcome): string {
  const refused: readonly RefusedRecipient[] = ('refused' in outcome && outcome.refused) || [];
  return [outcome.answer, ...refused.map(({ address, answer }) => `refused ${address}: ${answer}`)].join(
    '; ',
  );
}

export function warnUnknown(db: Database, { id, kind, route }: Message, answer: string): void {
  db.telemetry.log.error(
    { mail: id, kind, ...(route && { route }), answer: maskedText(answer) },
    `whether the mail ${kind} ${id} was sent is not known; it waits to be resolved`,
  );
}
