/** What the author says of one mail. */
import type { Duration } from '@goblin/core';
import type { AddressInput } from '../addresses.ts';
import type { AttachmentInput } from './attachments.ts';
import type { QuietHours } from './quiet-hours.ts';

/** What is done when a server got all of a mail and its answer never came, so that nobody knows whether it was taken.
 * `never-twice`: the mail is parked as `unknown`, until somebody or something resolves it. `at-least-once`: it is sent
 * again by the same route, for what is worth more twice than not at all, such as a code to log in with. */
export type Policy = 'never-twice' | 'at-least-once';

type OneOrMore<T> = T | readonly T[];

export interface SendRequest<Data> {
  /** What makes it this mail and no other, within its kind and, where there is one, the tenant of the context. Up to 500
   * characters. */
  readonly key: string;
  readonly data: Data;
  /** All recipients together are at most 50. */
  readonly to: OneOrMore<AddressInput>;
  readonly cc?: OneOrMore<AddressInput>;
  readonly bcc?: OneOrMore<AddressInput>;
  readonly replyTo?: AddressInput;
  /** Default: that of the mailer. */
  readonly from?: AddressInput;
  /** Default `never-twice`. */
  readonly policy?: Policy;
  /** At most 20, together at most 10 MB. They are read to their ends and kept with the transaction. */
  readonly attachments?: readonly AttachmentInput[];
  /** When it is not to be sent: it waits for their end. */
  readonly quietHours?: QuietHours;
  /** Where to be taken off the list, by https:. Mail programs show a button (RFC 2369 and RFC 8058): it sends a POST
   * with `List-Unsubscribe=One-Click`. */
  readonly unsubscribe?: string;
  /** A mail that is not sent within this fails. Default 1 day. */
  readonly expires?: Duration;
}
