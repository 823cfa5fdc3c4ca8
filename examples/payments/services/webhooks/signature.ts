/** Checks that a message is from the acquirer and is recent, by the Standard Webhooks specification: HMAC-SHA256 over
 * id, time and body. The header may carry several signatures, while a secret is being changed; one must fit.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { fail, type Secret } from 'goblin';

/** How far the sender's clock and ours may be apart, and how late a recorded message can be played again. */
const TOLERANCE_S = 300;

export interface SignedMessage {
  readonly id: string;
  /** Unix time in seconds, as text. */
  readonly timestamp: string;
  /** `v1,<base64>`, separated by blanks. */
  readonly signature: string;
  readonly body: string;
}

/** @param secret `whsec_` and base64. @param nowMs epoch. @throws UNAUTHENTICATED */
export function verify(
  { id, timestamp, signature, body }: SignedMessage,
  secret: Secret,
  nowMs: number,
): void {
  if (Math.abs(nowMs / 1_000 - Number(timestamp)) > TOLERANCE_S) {
    fail('UNAUTHENTICATED', { timestamp }, `the message was signed more than ${TOLERANCE_S} s from now`);
  }
  const key = Buffer.from(secret.reveal().replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest();
  const fits = signature.split(' ').some((candidate) => isEqual(candidate, expected));
  if (!fits) fail('UNAUTHENTICATED', { id }, 'the signature does not fit the message');
}

function isEqual(candidate: string, expected: Buffer): boolean {
  const [version, text = ''] = candidate.split(',');
  const given = Buffer.from(text, 'base64');
  return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
}
