/** Whose call it is, as a key: what filters keep apart by. Tenant and actor come from the context, where identity put
 * them. No two of them share a key, whatever characters their names are of, and no key is long. */
import { createHash } from 'node:crypto';
import { context } from '@goblin/core';

/** `caller`: an actor of a tenant. `tenant`: all actors of a tenant. `all`: everybody together. Calls that name no
 * actor, or no tenant, are together. */
export type Caller = 'caller' | 'tenant' | 'all';

/** Longer keys are replaced by their SHA-256, so that nobody's input decides how much memory a key takes. */
const MAX_KEY_LENGTH = 256;
/** Replaced keys begin with it; a key that does so by itself is replaced too. */
const REPLACED = '#';

/** The key of whoever makes the current call, and of what it is about. */
export function callerKey(per: Caller, about = ''): string {
  if (per === 'all') return boundedKey(about);
  const { tenant, actor } = context.current;
  return boundedKey((per === 'tenant' ? part(tenant) : part(tenant) + part(actor)) + about);
}

/** With its length in front, so that no two lists of parts make the same text. */
function part(text: string | undefined): string {
  return text === undefined ? '-' : `${text.length}:${text}`;
}

function boundedKey(key: string): string {
  if (key.length <= MAX_KEY_LENGTH && !key.startsWith(REPLACED)) return key;
  return REPLACED + createHash('sha256').update(key).digest('base64');
}

/** The key that a filter counts a request under. */
export function keyFunction<Request>(
  per: Caller | ((request: Request) => string),
): (request: Request) => string {
  return typeof per === 'function' ? (request) => boundedKey(per(request)) : () => callerKey(per);
}
