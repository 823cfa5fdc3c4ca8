/** The Message-ID of a mail. It follows from whose, what kind and which key, so however often a mail is handed over it is
 * the same one, for servers that drop doubles and for finding it again, and it tells neither kind nor key. */
import { createHash } from 'node:crypto';

export function messageIdOf(owner: string, kind: string, key: string, domain: string): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([owner, kind, key]))
    .digest('hex');
  return `<${digest.slice(0, 40)}@${domain}>`;
}
