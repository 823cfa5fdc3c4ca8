/** Sends one mail, whatever state it is found in. The task may run any number of times, also twice at once when a worker lost
 * its lease; what keeps a mail from being sent twice is its row (messages/message-table.ts):
 *
 *   queued ──handover──▶ sending ──the server's yes──▶ sent
 *     ▲                    │  │
 *     └──a certain no──────┘  └──no answer, or the process died──▶ unknown ──resolved──▶ sent, or queued again
 *
 * `sending` is committed before the first byte of the content leaves. Who finds a mail in it finds one whose process
 * died or was overtaken. Under `never-twice` it is parked as `unknown`. Under `at-least-once` it goes back to `queued`
 * and stays on its route, so that the same server may recognise the Message-ID.
 *
 * A certain no of one route sends it to the next one; if none takes it, the task tries again, with growing pauses, until
 * the mail expires. */
import { type Clock, GoblinError } from '@goblin/core';
import type { Database, Job } from '@goblin/data';
import { type Address, domainOf, maskedText } from '../addresses.ts';
import { attachmentsOf } from '../messages/attachments.ts';
import { messageIdOf } from '../messages/message-id.ts';
import {
  attemptRecord,
  endHandover,
  findMessage,
  type Message,
  settleQueued,
} from '../messages/message-table.ts';
import { quietUntil } from '../messages/quiet-hours.ts';
import { suppressedOf } from '../messages/suppression-list.ts';
import type { OutgoingMail } from '../routes/route.ts';
import { Attempt, warnUnknown } from './attempt.ts';
import { deliver } from './deliver-task.ts';
import type { RunningRoute } from './running-route.ts';

export interface Delivery {
  readonly db: Database;
  /** The first one that is fit takes a mail. */
  readonly routes: readonly RunningRoute[];
  readonly from: Address;
  readonly clock: Clock;
}

/** The handler of the task. @throws UNAVAILABLE when it is to be tried again */
export async function deliverMail(delivery: Delivery, job: Job<typeof deliver.input>): Promise<void> {
  const { db } = delivery;
  const found = await findMessage(db, job.input.message);
  const message = found?.state === 'sending' ? await recover(delivery, found) : found;
  if (message?.state !== 'queued') return;
  if (message.expired) {
    return settle(delivery, message, 'failed', 'it could not be sent before it expired');
  }
  const quietEnd = message.quietHours && quietUntil(message.quietHours, delivery.clock.wall());
  if (quietEnd) {
    return db.transaction(async (tx) => {
      await deliver.enqueue(tx, { input: { message: message.id }, delay: quietEnd - delivery.clock.wall() });
      await job.finish(tx);
    });
  }
  const mail = await outgoing(delivery, message);
  if (mail.recipients.length === 0)
    return settle(delivery, message, 'suppressed', 'all of its recipients are on the suppression list');
  await tryRoutes(delivery, message, mail, job.signal);
}

/** What to make of a mail whose handover has no end. */
async function recover({ db, clock }: Delivery, message: Message): Promise<Message | undefined> {
  const { id, handovers: number, policy, route } = message;
  const state = policy === 'never-twice' ? 'unknown' : 'queued';
  const record = attemptRecord(
    route ?? '',
    'unknown',
    'its sender vanished before the answer came',
    clock.wall(),
  );
  await endHandover(db, { id, number }, state, record);
  if (state === 'unknown') warnUnknown(db, message, record.answer);
  return findMessage(db, id);
}

async function settle(
  { db, clock }: Delivery,
  message: Message,
  state: 'failed' | 'suppressed',
  answer: string,
): Promise<void> {
  await settleQueued(db, message.id, state, attemptRecord('', state, answer, clock.wall()));
  db.telemetry.log.warn(
    { mail: message.id, kind: message.kind },
    `the mail ${message.kind} ${message.id} was not sent: ${answer}`,
  );
}

async function outgoing({ db, from: ours }: Delivery, message: Message): Promise<OutgoingMail> {
  const { id, kind, parties, html, unsubscribe } = message;
  const { from = ours, to, cc, bcc, replyTo } = parties;
  const everybody = [...to, ...cc, ...bcc];
  const suppressed = await suppressedOf(db, everybody);
  const recipients = everybody
    .map(({ address }) => address)
    .filter((it) => !suppressed.has(it.toLowerCase()));
  return {
    id,
    kind,
    messageId: message.messageId ?? messageIdOf(message, domainOf(from.address)),
    from,
    replyTo,
    to,
    cc,
    bcc,
    recipients: [...new Set(recipients)],
    subject: message.subject,
    text: message.text,
    html: html ?? undefined,
    unsubscribe: unsubscribe ?? undefined,
    attachments: await attachmentsOf(db, id),
  };
}

/** @throws UNAVAILABLE when none took it and it may be tried again */
async function tryRoutes(
  delivery: Delivery,
  message: Message,
  mail: OutgoingMail,
  signal: AbortSignal,
): Promise<void> {
  const { db, clock } = delivery;
  const answers: string[] = [];
  let anyMayStill = false;
  for (const route of candidates(delivery.routes, message)) {
    if (!route.health.admit()) {
      answers.push(`${route.name} rests after failures`);
      anyMayStill = true;
      continue;
    }
    if (!(await turnOf(route, signal))) {
      answers.push(`${route.name} is at its rate`);
      anyMayStill = true;
      continue;
    }
    const attempt = new Attempt(delivery, message, mail, route);
    const outcome = await attempt.run(signal);
    if (attempt.overtaken) return;
    if (outcome.outcome === 'unknown' && message.policy === 'at-least-once') {
      throw new GoblinError('UNAVAILABLE', {
        message: `${route.name} did not say whether it took the mail ${message.kind} ${message.id}: ${maskedText(outcome.answer)}`,
      });
    }
    if (outcome.outcome !== 'declined') return;
    signal.throwIfAborted();
    anyMayStill ||= !outcome.permanent;
    answers.push(`${route.name}: ${outcome.answer}`);
  }
  if (!anyMayStill) {
    const record = attemptRecord('', 'failed', answers.join('; '), clock.wall());
    return settleQueued(db, message.id, 'failed', record);
  }
  throw new GoblinError('UNAVAILABLE', {
    message: `no route took the mail ${message.kind} ${message.id}: ${maskedText(answers.join('; '))}`,
  });
}

/** A mail that may have been sent by a route stays on it, unless somebody has found out that it was not. */
function candidates(routes: readonly RunningRoute[], message: Message): readonly RunningRoute[] {
  const last = message.attempts.findLast(({ outcome }) => outcome === 'unknown' || outcome === 'resolved');
  if (last?.outcome !== 'unknown') return routes;
  const own = routes.filter(({ name }) => name === last.route);
  return own.length > 0 ? own : routes;
}

async function turnOf(route: RunningRoute, signal: AbortSignal): Promise<boolean> {
  let taken = false;
  try {
    taken = await route.takeTurn(signal);
  } finally {
    if (!taken) route.health.giveBack();
  }
  return taken;
}
