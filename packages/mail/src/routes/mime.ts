/** A mail as the bytes that go over a wire (RFC 5322), by nodemailer; signed by DKIM (RFC 6376) where there is a key. */
import { Readable } from 'node:stream';
import type { Address } from '../addresses.ts';
import { type Dkim, dkimOptions } from './dkim.ts';
import type { OutgoingMail } from './route.ts';

/** @param date milliseconds since the Unix epoch. */
export async function mimeOf(mail: OutgoingMail, dkim: Dkim | undefined, date: number): Promise<Readable> {
  const { createTransport } = await import('nodemailer');
  const transport = createTransport({ streamTransport: true, newline: 'windows' });
  const { message } = await transport.sendMail({
    messageId: mail.messageId,
    ...(mail.inReplyTo !== undefined && { inReplyTo: mail.inReplyTo, references: mail.inReplyTo }),
    date: new Date(date),
    from: written(mail.from),
    ...(mail.replyTo && { replyTo: written(mail.replyTo) }),
    to: mail.to.map(written),
    cc: mail.cc.map(written),
    subject: mail.subject,
    text: mail.text,
    ...(mail.html !== undefined && { html: mail.html }),
    headers: unsubscribeHeaders(mail.unsubscribe),
    attachments: mail.attachments.map(({ filename, contentType, contentId, read }) => ({
      filename,
      contentType,
      ...(contentId !== undefined && { cid: contentId }),
      content: Readable.from(read(), { objectMode: false }),
    })),
    ...(dkim && { dkim: dkimOptions(dkim) }),
    // What a mail contains comes from its row alone.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return message as Readable;
}

/** RFC 2369 and RFC 8058. */
export function unsubscribeHeaders(url: string | undefined): Record<string, string> {
  if (url === undefined) return {};
  return { 'List-Unsubscribe': `<${url}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' };
}

function written({ name, address }: Address): { name: string; address: string } {
  return { name: name ?? '', address };
}
