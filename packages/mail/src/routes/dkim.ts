/** Signatures by DKIM (RFC 6376), which nodemailer makes. It sends a mail unsigned when it cannot sign, so whether it can is
 * asked before the first one. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { GoblinError, type Secret } from '@goblin/core';
import type DKIM from 'nodemailer/lib/dkim';

export interface Dkim {
  /** `example.com`; the public key is its TXT record at `<selector>._domainkey.example.com`. */
  readonly domain: string;
  readonly selector: string;
  /** An RSA key of 1,024 bits or more, in PEM. */
  readonly key: Secret;
}

/** RFC 8301 §3.2: verifiers take no shorter ones. */
const MIN_BITS = 1_024;
const NAME = /^(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*$/i;

/** What is signed where it is there: what RFC 6376 §5.4.1 recommends, and both headers of a one-click unsubscription, which
 * mail programs offer only if they are signed (RFC 8058 §4). */
const SIGNED = [
  ...['From', 'Sender', 'Reply-To', 'Subject', 'Date', 'Message-ID', 'To', 'Cc', 'In-Reply-To', 'References'],
  ...['MIME-Version', 'Content-Type', 'Content-Transfer-Encoding', 'Content-ID', 'Content-Description'],
  ...['List-Unsubscribe', 'List-Unsubscribe-Post'],
].join(':');

/** @throws CONFIG_INVALID when nothing can be signed with it */
export function checkDkim({ domain, selector, key }: Dkim): void {
  for (const [what, name] of Object.entries({ domain, selector }))
    if (!NAME.test(name)) throw invalid(`its ${what} ${JSON.stringify(name)} is not the name of a domain`);
  const found = privateKey(key);
  if (found?.asymmetricKeyType !== 'rsa') throw invalid('its key is not an RSA private key in PEM');
  const bits = found.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < MIN_BITS) throw invalid(`its key has ${bits} bits, and verifiers want ${MIN_BITS} or more`);
}

/** For nodemailer. */
export function dkimOptions({ domain, selector, key }: Dkim): DKIM.SingleKeyOptions {
  return {
    domainName: domain,
    keySelector: selector,
    privateKey: key.reveal(),
    headerFieldNames: SIGNED,
  };
}

function privateKey(secret: Secret): KeyObject | undefined {
  try {
    return createPrivateKey(secret.reveal());
  } catch {
    // Its error may repeat what it was given.
    return undefined;
  }
}

function invalid(problem: string): GoblinError {
  return new GoblinError('CONFIG_INVALID', { message: `mails cannot be signed by DKIM: ${problem}` });
}
