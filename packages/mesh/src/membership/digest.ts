/** What a member knows, as short as a fingerprint: everybody falls into one of BUCKETS by its hash, and each bucket has
 * one number made of the versions of all in it. Two members compare these and exchange only the buckets that
 * differ, so that resynchronising costs next to nothing while nothing has happened. A bucket whose difference is
 * missed (one in four billion) differs again with the next change. */
import type { ByteReader, ByteWriter } from './bytes.ts';
import type { Member } from './member-table.ts';

export const BUCKETS = 256;
export const DIGEST_BYTES: number = BUCKETS * 4;

export type Digest = Uint32Array;

export function digestOf(members: Iterable<Member>): Digest {
  const digest = new Uint32Array(BUCKETS);
  for (const member of members) {
    const bucket = bucketOf(member.hash);
    digest[bucket] = digest[bucket]! ^ versionHash(member);
  }
  return digest;
}

export function bucketOf(hash: number): number {
  return hash & (BUCKETS - 1);
}

/** Suspects count as those that are there: it passes by itself. */
function versionHash({ hash, incarnation, life, gone }: Member): number {
  let mixed = mix(hash, incarnation / 2 ** 32);
  mixed = mix(mixed, incarnation);
  mixed = mix(mixed, life);
  return mix(mixed, gone ? 1 : 2);
}

/** A round of MurmurHash3. */
function mix(hash: number, value: number): number {
  let mixed = Math.imul(value | 0, 0xcc9e2d51);
  mixed = Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593) ^ hash;
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

export function writeDigest(to: ByteWriter, digest: Digest): void {
  for (const number of digest) to.u32(number);
}

export function readDigest(from: ByteReader): Digest {
  return Uint32Array.from({ length: BUCKETS }, () => from.u32());
}
