/** The Message-ID of a mail. It follows from whose, for which tenant, what kind and which key, so however often a mail is handed over
 * it is the same one, for servers that drop doubles and for finding it again, and it tells nothing of them. */
import { createHash } from 'node:crypto';

export interface MailName {
  readonly owner: string;
  readonly tenant: string | null;
  readonly kind: string;
  readonly key: string;
}

export function messageIdOf({ owner, tenant, kind, key }: MailName, domain: string): string {
  const name = tenant === null ? [owner, kind, key] : [owner, kind, key, tenant];
  const digest = createHash('sha256').update(JSON.stringify(name)).digest('hex');
  return `<${digest.slice(0, 40)}@${domain}>`;
}
