/** Which side of a split route a caller is on. Each caller has a number from 0 to 9,999 (its bucket); `percent: 20`
 * sends the buckets below 2,000 to `to`. So a caller stays on its side, raising the percentage only ever moves callers
 * from the old side to the new one, and a caller is as far on one split route as on every other.
 *
 * A caller's first bucket is a hash of its address and user agent. The edge then tells it to a browser in the cookie
 * `goblin-side`, so that it stays where it is when its address changes. The cookie is no secret: a tester who sets
 * `goblin-side=0` sees the new side, `goblin-side=9999` the old one. */

export const BUCKETS = 10_000;
const COOKIE = /(?:^|;\s*)goblin-side=(\d{1,4})(?:;|$)/;
const COOKIE_MAX_AGE_SECONDS = 30 * 86_400;

export interface Bucket {
  readonly number: number;
  /** Whether the caller brought it in a cookie. */
  readonly fromCookie: boolean;
}

export function bucketOf(cookie: string | undefined, address: string, userAgent: string | undefined): Bucket {
  const told = cookie === undefined ? null : COOKIE.exec(cookie);
  if (told) return { number: Number(told[1]), fromCookie: true };
  return { number: hash(`${address} ${userAgent ?? ''}`) % BUCKETS, fromCookie: false };
}

export function isOnNewSide(bucket: Bucket, percent: number): boolean {
  return bucket.number < (percent / 100) * BUCKETS;
}

export function bucketCookie(bucket: Bucket, secure: boolean): string {
  return `goblin-side=${bucket.number}; Path=/; Max-Age=${COOKIE_MAX_AGE_SECONDS}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
}

/** FNV-1a with the finalizer of MurmurHash3, so that near inputs fall far apart. 32 bits, unsigned. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
