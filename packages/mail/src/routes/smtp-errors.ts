/** What an SMTP server's no means for the mail. Codes of three digits are of RFC 5321 §4.2, those with dots of RFC 3463. */
import type { Outcome, RefusedRecipient } from './route.ts';

/** The parts of nodemailer's errors that are looked at. */
export interface SmtpError extends Error {
  readonly code?: string | undefined;
  readonly command?: string | undefined;
  readonly response?: string | undefined;
  readonly responseCode?: number | undefined;
  readonly recipient?: string | undefined;
  readonly rejectedErrors?: readonly SmtpError[] | undefined;
}

/** `550 5.1.1 …` → `5.1.1` */
function enhanced(response: string | undefined): string | undefined {
  return /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(response ?? '')?.[1];
}

/** There is no such mailbox (any more). Only where the server says so by code: the words of a bare 550 mean anything. */
export function isGone(response: string | undefined): boolean {
  return ['5.1.1', '5.1.2', '5.1.3', '5.1.6', '5.1.10', '5.2.1'].includes(enhanced(response) ?? '');
}

/** Turned down for what the recipient is, so that no other route helps: not for policy (5.7), the route or the system. */
function isAboutRecipient({ responseCode = 0, response }: SmtpError): boolean {
  const code = enhanced(response);
  if (code !== undefined) return /^5\.[12]\./.test(code);
  return responseCode >= 550 && responseCode <= 559;
}

export function refusedRecipient(error: SmtpError): RefusedRecipient {
  const { recipient = '', response = error.message } = error;
  return { address: recipient, answer: response, gone: isGone(response) };
}

/** An attempt that failed before the server had all of the mail, or to which the server said no. */
export function declined(error: SmtpError): Outcome {
  const { command, responseCode, response } = error;
  const answer = response ?? error.message;
  if (command === 'RCPT TO') {
    const errors = error.rejectedErrors?.length ? error.rejectedErrors : [error];
    if (errors.every(isAboutRecipient))
      return { outcome: 'refused', answer, refused: errors.map(refusedRecipient) };
  }
  const permanent = responseCode !== undefined && responseCode >= 500 && isAboutMail(command);
  // A no to one mail says little of the route; anything else, such as no connection or no login, says it all.
  return { outcome: 'declined', answer, permanent, ill: !permanent };
}

function isAboutMail(command: string | undefined): boolean {
  return command === 'MAIL FROM' || command === 'RCPT TO' || command === 'DATA';
}
