/** A route is a way by which mails leave: an SMTP server, a provider's HTTP API, a folder. What it must be honest about is
 * the outcome, because a mail goes to another route only after one that says that it surely was not sent. */
import type { Logger, RateText } from '@goblin/core';
import type { Address } from '../addresses.ts';
import type { Attachment } from '../messages/attachments.ts';
import type { Dkim } from './dkim.ts';

/** A mail as a route gets it. */
export interface OutgoingMail {
  readonly id: number;
  readonly kind: string;
  readonly messageId: string;
  /** The Message-ID of the mail that this one answers. */
  readonly inReplyTo?: string | undefined;
  readonly from: Address;
  readonly replyTo: Address | undefined;
  readonly to: readonly Address[];
  readonly cc: readonly Address[];
  readonly bcc: readonly Address[];
  /** Who of them gets it: without those on the suppression list. */
  readonly recipients: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string | undefined;
  readonly unsubscribe: string | undefined;
  readonly attachments: readonly Attachment[];
}

/** A recipient that a server turned down. */
export interface RefusedRecipient {
  readonly address: string;
  readonly answer: string;
  /** There is no such mailbox, so it is to get no more mail. */
  readonly gone: boolean;
}

/** What became of one attempt.
 * - `accepted`: it is the server's matter now.
 * - `refused`: it was not sent, and no other route would: its recipients are turned down.
 * - `declined`: it was certainly not sent by this route; another one may. `ill`: the route's own fault.
 * - `unknown`: the server got all of it, or may have, and did not answer. */
export type Outcome =
  | {
      readonly outcome: 'accepted';
      readonly answer: string;
      readonly providerId?: string;
      readonly refused?: readonly RefusedRecipient[];
    }
  | { readonly outcome: 'refused'; readonly answer: string; readonly refused: readonly RefusedRecipient[] }
  | {
      readonly outcome: 'declined';
      readonly answer: string;
      readonly ill: boolean;
      readonly permanent: boolean;
    }
  | { readonly outcome: 'unknown'; readonly answer: string };

export interface Sending {
  readonly mail: OutgoingMail;
  /** To be awaited once, right before the first byte after which the server may take the mail. It writes down that the mail
   * is on its way, and rejects when it must not be sent: then nothing more may be sent. */
  handOver(): Promise<void>;
  /** Aborted when the attempt's time is up or the process stops. */
  readonly signal: AbortSignal;
}

/** A route that runs. */
export interface OpenRoute {
  /** Never rejects. */
  send(sending: Sending): Promise<Outcome>;
  /** Whether the provider knows the mail: how unknown ones are resolved. Answers its id there, or undefined when it is not
   * found, which proves nothing. Default: the route has no such question. */
  find?(mail: { readonly id: number; readonly messageId: string }): Promise<string | undefined>;
  close(): Promise<void>;
}

export interface RouteSetup {
  readonly log: Logger;
  readonly dkim: Dkim | undefined;
  /** Where this service may keep files. */
  readonly folder: string;
}

export interface Route {
  /** `primary`: stands in metrics, logs and the mails' rows. */
  readonly name: string;
  /** `'10/s'`, over all processes of the service. */
  readonly rate?: RateText;
  /** How long one attempt may take, in milliseconds. */
  readonly timeoutMs: number;
  open(setup: RouteSetup): OpenRoute;
}

/** Options that all routes share. */
export interface RouteOptions {
  /** Default: the kind of the route. */
  readonly name?: string;
  /** `'10/s'`, over all processes of the service. Default: as many as come. */
  readonly rate?: RateText;
}
