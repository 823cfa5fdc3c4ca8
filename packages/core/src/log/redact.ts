/** What must not stand in a log, whoever wrote the line: the values of fields that are named like secrets, at any
 * depth, and secrets themselves. Objects are copied only where something is hidden or has no form in JSON, so a line
 * of plain fields costs a walk and no copy. Depth and number of values are bounded: a socket that is logged by
 * mistake does not become a megabyte. */
import { Secret } from '../config/secret.ts';
import { errorRecord } from './error-record.ts';

export const REDACTED = '[redacted]';

/** Names whose values are hidden, compared without case, dashes and underscores: `Set-Cookie` is `setcookie`.
 * A name that ends in one of these is hidden too: `acquirerApiKey`, `CARD_NUMBER`. */
export const SENSITIVE_KEYS: readonly string[] = [
  'authorization',
  'cookie',
  'cookies',
  'password',
  'passwd',
  'passphrase',
  'secret',
  'token',
  'apikey',
  'privatekey',
  'accesskey',
  'credentials',
  'cardnumber',
  'cvc',
  'cvv',
  'securitycode',
  'iban',
  'dsn',
];
/** Of an object under such a key the number itself: `card: { number }`. */
const CARD_KEYS: ReadonlySet<string> = new Set(['card', 'creditcard', 'paymentcard']);

/** Deeper, longer or larger than this, only an ellipsis is logged. */
const MAX_DEPTH = 8;
const MAX_VALUES = 1_000;
const MAX_KNOWN_KEYS = 10_000;
const ELLIPSIS = '…';

const known = new Map<string, boolean>();

/** Whether the value of a field of this name is hidden. */
export function isSensitiveKey(key: string): boolean {
  const before = known.get(key);
  if (before !== undefined) return before;
  const plain = plainKey(key);
  const sensitive = SENSITIVE_KEYS.some((name) => plain.endsWith(name));
  if (known.size < MAX_KNOWN_KEYS) known.set(key, sensitive);
  return sensitive;
}

function plainKey(key: string): string {
  return key.toLowerCase().replaceAll(/[-_.\s]/g, '');
}

/** The fields of a line as they may be shown: plain JSON values, errors with code, data and causes. */
export function redacted(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const shown = visible(fields, { depth: 0, left: MAX_VALUES, inCard: false });
  return typeof shown === 'object' ? (shown as Record<string, unknown>) : { fields: shown };
}

/** Where in the fields of a line the walk is, and how many more values the line may have. */
interface Walk {
  depth: number;
  left: number;
  inCard: boolean;
}

function visible(value: unknown, walk: Walk): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Secret || value instanceof Date) return value;
  if (value instanceof Uint8Array) return `[${value.length} bytes]`;
  if (walk.depth >= MAX_DEPTH || walk.left <= 0) return ELLIPSIS;
  walk.depth++;
  try {
    if (value instanceof Error) return errorRecord(value, (inner) => visible(inner, walk));
    if (Array.isArray(value)) return visibleList(value, walk);
    if (value instanceof Map) return visibleObject(Object.fromEntries(value), walk);
    if (value instanceof Set) return visibleList([...value], walk);
    if (typeof (value as { toJSON?: unknown }).toJSON === 'function')
      return visible((value as { toJSON(): unknown }).toJSON(), walk);
    return visibleObject(value as Record<string, unknown>, walk);
  } catch (error) {
    return `[unreadable: ${error instanceof Error ? error.message : 'it threw'}]`;
  } finally {
    walk.depth--;
  }
}

function visibleObject(object: Readonly<Record<string, unknown>>, walk: Walk): unknown {
  let copy: Record<string, unknown> | undefined;
  const { inCard } = walk;
  for (const key of Object.keys(object)) {
    const value = object[key];
    let show: unknown;
    if (--walk.left < 0) show = undefined;
    else if (value !== undefined && hides(key, inCard)) show = value instanceof Secret ? value : REDACTED;
    else if (typeof value === 'object' && value !== null) {
      walk.inCard = CARD_KEYS.has(plainKey(key));
      show = visible(value, walk);
      walk.inCard = inCard;
    } else continue;
    if (show === value) continue;
    copy ??= { ...object };
    copy[key] = show;
  }
  return copy ?? object;
}

function hides(key: string, inCard: boolean): boolean {
  return isSensitiveKey(key) || (inCard && key === 'number');
}

function visibleList(list: readonly unknown[], walk: Walk): unknown {
  let copy: unknown[] | undefined;
  for (const [index, value] of list.entries()) {
    if (--walk.left < 0) return [...(copy ?? list.slice(0, index)), ELLIPSIS];
    const show = visible(value, walk);
    if (copy) copy.push(show);
    else if (show !== value) copy = [...list.slice(0, index), show];
  }
  return copy ?? list;
}
