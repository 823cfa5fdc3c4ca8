/** E-mail, by the routes of the platform's mail. The Message-ID follows from the message's key, so that one which is sent again is one
 * mail, and replies name the first mail of their thread. */
import { createHash } from 'node:crypto';
import { GoblinError } from '@goblin/core';
import type { Message } from '../message.ts';
import type { Notifier } from '../notifier.ts';
import type { MailSettings } from '../notifier-settings.ts';
import type { Words } from '../wording.ts';
import type { NotifierSetup, Wording } from './setup.ts';

export function mailNotifier(settings: MailSettings, words: Wording, setup: NotifierSetup): Notifier {
  const { name, to = [] } = settings;
  const { sendMail, baseUrl } = setup;
  return {
    name,
    kind: 'mail',
    takes: (message) => recipients(to, message).length > 0,
    async send(message, signal) {
      if (!sendMail)
        throw new GoblinError('FAILED_PRECONDITION', {
          message: 'no mail leaves this machine: give Palantir a route for mails',
        });
      const messageId = messageIdOf(message.key, baseUrl);
      const { title, text } = words(message);
      await sendMail(
        {
          to: recipients(to, message),
          // Mail programs group by the subject too: replies of a thread have that of the first.
          subject: message.replyTo === undefined ? title : `Re: ${title}`,
          text,
          html: htmlOf({ title, text }),
          messageId,
          ...(message.replyTo !== undefined && { inReplyTo: message.replyTo }),
        },
        signal,
      );
      return { reference: messageId };
    },
  };
}

function recipients(to: readonly string[], { recipient }: Message): readonly string[] {
  return [...new Set(recipient?.email === undefined ? to : [...to, recipient.email])];
}

function messageIdOf(key: string, baseUrl: string): string {
  const digest = createHash('sha256').update(key).digest('hex').slice(0, 40);
  return `<${digest}@${new URL(baseUrl).hostname}>`;
}

function htmlOf({ title, text }: Words): string {
  const lines = escaped(text).replace(/https?:\/\/[^\s<]+/g, (link) => `<a href="${link}">${link}</a>`);
  return `<h2>${escaped(title)}</h2>\n<p style="white-space: pre-line">${lines}</p>`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
