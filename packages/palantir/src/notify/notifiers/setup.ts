/** What notifiers are made with. */
import type { Clock } from '@goblin/core';
import type { Fetch } from '../http-post.ts';
import type { Message } from '../message.ts';
import { type Template, wordsOf } from '../templates.ts';
import type { Words } from '../wording.ts';

/** A mail, as the platform's mail sends it: at most once for each Message-ID. */
export interface PageMail {
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly messageId: string;
  /** The Message-ID of the first mail of the thread. */
  readonly inReplyTo?: string;
}

/** Resolves when the mail is kept or sent. */
export type SendMail = (mail: PageMail, signal: AbortSignal) => Promise<void>;

export interface NotifierSetup {
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** Where people reach these pages: `http://localhost:4800`. */
  readonly baseUrl: string;
  /** Where there is no mail, notifiers of that kind say so. */
  readonly sendMail?: SendMail;
}

export function linkOf({ incident }: Message, baseUrl: string): string {
  return incident ? `${baseUrl}/explore/incidents/${incident.id}` : `${baseUrl}/explore/alerts`;
}

/** The words of a message. */
export type Wording = (message: Message) => Words;

export function wordingOf(template: Template | undefined, baseUrl: string): Wording {
  return (message) => wordsOf(message, linkOf(message, baseUrl), template);
}
