/** A mail as a row of cells: number, kind, key, state, to whom, by which route, since when, and what there is to say of it. */
import type { Client } from '@goblin/core';
import type { mailContract } from '@goblin/mail/procedures';
import type { Colours } from './colours.ts';
import { localTime } from './when.ts';

export type ListedMail = Awaited<ReturnType<Client<typeof mailContract>['list']>>['mails'][number];
type Party = ListedMail['to'][number];

/** Of cells that come from outside: no line breaks and no other control characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this takes out
const CONTROL = /[\u0000-\u001f\u007f-\u009f]+/g;

export function mailHead(full: boolean): string[] {
  return ['ID', 'KIND', 'KEY', 'STATE', 'TO', ...(full ? ['SUBJECT'] : []), 'ROUTE', 'WRITTEN', 'WHAT'];
}

/** A subject is there where everything was asked for. */
export function mailRow(mail: ListedMail, colours: Colours): string[] {
  const more = mail.to.length - 1 + mail.others;
  return [
    String(mail.id),
    mail.kind,
    oneLine(mail.key),
    colouredState(mail.state, colours),
    `${mail.to[0] ? written(mail.to[0]) : '-'}${more > 0 ? ` +${more}` : ''}`,
    ...(mail.subject === null ? [] : [oneLine(mail.subject)]),
    mail.route ?? '-',
    localTime(mail.createdAt),
    aboutMail(mail),
  ];
}

/** `Ada <ada@example.com>` */
export function written({ name, address }: Party): string {
  return name === undefined ? address : `${name} <${address}>`;
}

export function colouredState(state: ListedMail['state'], { red, green, yellow, dim }: Colours): string {
  const colour = { queued: yellow, sending: yellow, sent: green, failed: red, unknown: red, suppressed: dim };
  return colour[state](state);
}

/** What there is to say of it, on one line: what was told of it last. */
export function aboutMail({ answer, bouncedAt, deliveredAt }: ListedMail): string {
  const told = answer === null ? '' : oneLine(answer);
  if (bouncedAt !== null) return `bounced: ${told}`;
  return deliveredAt === null ? told : `delivered ${localTime(deliveredAt)}`;
}

export function oneLine(text: string): string {
  return text.replace(CONTROL, ' ').trim();
}
