/** The `baggage` header: small values that cross every hop with a call (https://www.w3.org/TR/baggage/). Properties of
 * members are dropped. Reading is strict per member: a malformed one is left out, the others stay. */
export const BAGGAGE = 'baggage';

/** The standard asks to pass on at least this much. */
export const MAX_BAGGAGE_LENGTH = 8_192;
export const MAX_BAGGAGE_MEMBERS = 64;

const KEY = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** baggage-octets: printable ASCII without space, quote, comma, semicolon and backslash. */
const VALUE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;

/** Undefined when the header is absent, beyond the limits or holds nothing valid. */
export function parseBaggage(header: string | null | undefined): ReadonlyMap<string, string> | undefined {
  if (!header || header.length > MAX_BAGGAGE_LENGTH) return undefined;
  const members = header.split(',');
  if (members.length > MAX_BAGGAGE_MEMBERS) return undefined;
  const baggage = new Map<string, string>();
  for (const member of members) {
    const pair = member.split(';', 1)[0]!;
    const equals = pair.indexOf('=');
    const key = pair.slice(0, Math.max(0, equals)).trim();
    const value = decoded(pair.slice(equals + 1).trim());
    if (KEY.test(key) && value !== undefined) baggage.set(key, value);
  }
  return baggage.size > 0 ? baggage : undefined;
}

/** The header of these values; undefined when there is nothing to send. Members whose key is no token, and those that
 * do not fit into the limits any more, are left out. */
export function formatBaggage(baggage: ReadonlyMap<string, string> | undefined): string | undefined {
  if (!baggage?.size) return undefined;
  let header = '';
  let members = 0;
  for (const [key, value] of baggage) {
    if (!KEY.test(key) || members === MAX_BAGGAGE_MEMBERS) continue;
    const member = `${key}=${encodeURIComponent(value.toWellFormed())}`;
    const length = header.length + member.length + (header ? 1 : 0);
    if (length > MAX_BAGGAGE_LENGTH) continue;
    header = header ? `${header},${member}` : member;
    members++;
  }
  return header || undefined;
}

function decoded(text: string): string | undefined {
  if (!VALUE.test(text)) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
