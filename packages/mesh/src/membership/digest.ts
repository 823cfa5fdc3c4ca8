/** What a member knows, as short as a fingerprint: everybody falls into one of BUCKETS by its hash, and each bucket
 * has two numbers, one made of the versions of all in it and one of their announcements alone. Two members compare
 * these and exchange only the buckets that differ, and announcements only where those differ, so that resynchronising
 * costs next to nothing while nothing has happened. A difference that is missed (one in four billion) is a difference
 * again with the next change. */
import type { ByteReader, ByteWriter } from './bytes.ts';
import type { Member } from './member-table.ts';

export const BUCKETS = 256;
export const DIGEST_BYTES: number = BUCKETS * 8;

export interface Digest {
  readonly versions: Uint32Array;
  readonly announcements: Uint32Array;
}

export function digestOf(members: Iterable<Member>): Digest {
  const digest = { versions: new Uint32Array(BUCKETS), announcements: new Uint32Array(BUCKETS) };
  for (const member of members) {
    const bucket = bucketOf(member.hash);
    const announcement = announcementHash(member);
    digest.announcements[bucket]! ^= announcement;
    digest.versions[bucket]! ^= versionHash(announcement, member);
  }
  return digest;
}

export function bucketOf(hash: number): number {
  return hash & (BUCKETS - 1);
}

function announcementHash({ hash, announcement }: Member): number {
  const incarnation = announcement?.incarnation ?? 0;
  return mix(mix(hash, incarnation / 2 ** 32), incarnation);
}

/** Suspects count as those that are there: it passes by itself. */
function versionHash(announcement: number, { incarnation, life, gone }: Member): number {
  return mix(mix(mix(announcement, incarnation), life), gone ? 1 : 2);
}

/** A round of MurmurHash3. */
function mix(hash: number, value: number): number {
  let mixed = Math.imul(value | 0, 0xcc9e2d51);
  mixed = Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593) ^ hash;
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

export function writeDigest(to: ByteWriter, { versions, announcements }: Digest): void {
  for (const number of versions) to.u32(number);
  for (const number of announcements) to.u32(number);
}

export function readDigest(from: ByteReader): Digest {
  const numbers = (): Uint32Array => Uint32Array.from({ length: BUCKETS }, () => from.u32());
  return { versions: numbers(), announcements: numbers() };
}
