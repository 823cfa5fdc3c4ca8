/** Mails that go out at once and are kept nowhere: for what has to be told when the database is down. Who sends keeps them, and sends
 * again what has no definite answer; the Message-ID is theirs, by which servers and readers know a mail that comes twice. */
import { GoblinError, type Logger } from '@goblin/core';
import { type AddressInput, maskedText, parseAddress } from './addresses.ts';
import type { Dkim } from './routes/dkim.ts';
import type { Route } from './routes/route.ts';

export interface DirectMail {
  readonly from: AddressInput;
  readonly to: readonly AddressInput[];
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
  /** `<…@…>` */
  readonly messageId: string;
  /** The Message-ID of the mail that this one answers. */
  readonly inReplyTo?: string;
}

export interface DirectMailer extends AsyncDisposable {
  /** By the first route that takes it. @throws UNAVAILABLE where none surely did, INVALID_INPUT where all recipients are turned down */
  send(mail: DirectMail, signal: AbortSignal): Promise<void>;
}

export interface DirectMailerOptions {
  /** In the order in which they are tried. */
  readonly routes: readonly Route[];
  readonly dkim?: Dkim;
  readonly log: Logger;
  /** Where routes may keep files. */
  readonly folder: string;
}

export function directMailer({ routes, dkim, log, folder }: DirectMailerOptions): DirectMailer {
  const open = routes.map((route) => ({ ...route, running: route.open({ log, dkim, folder }) }));
  return {
    async send(mail, signal) {
      const to = mail.to.map(parseAddress);
      const outgoing = {
        id: 0,
        kind: 'direct',
        messageId: mail.messageId,
        inReplyTo: mail.inReplyTo,
        from: parseAddress(mail.from),
        replyTo: undefined,
        to,
        cc: [],
        bcc: [],
        recipients: to.map(({ address }) => address),
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        unsubscribe: undefined,
        attachments: [],
      };
      const answers: string[] = [];
      for (const { name, timeoutMs, running } of open) {
        const bounded = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
        const outcome = await running.send({ mail: outgoing, handOver: async () => {}, signal: bounded });
        if (outcome.outcome === 'accepted') return;
        const answer = `${name}: ${maskedText(outcome.answer)}`;
        if (outcome.outcome === 'refused') throw new GoblinError('INVALID_INPUT', { message: answer });
        answers.push(answer);
        // It may be on its way: another route would send it twice.
        if (outcome.outcome === 'unknown') break;
      }
      throw new GoblinError('UNAVAILABLE', { message: answers.join('; ') || 'there is no route for mails' });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(open.map(({ running }) => running.close()));
    },
  };
}
