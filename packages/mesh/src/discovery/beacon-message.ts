/** What a beacon says, as bytes: `GOB1`, then a sealed JSON object, in datagrams that cross any network in one
 * piece. An announcement whose contracts do not fit is cut into parts that each carry some of them. */
import type { Announcement } from '../peer.ts';
import { MAX_CONTRACTS, parseAnnouncement } from './announcement.ts';
import { SEAL_BYTES } from './cluster-key.ts';

/** Below the MTU of every usual network, tunnels included. */
export const MAX_DATAGRAM_BYTES = 1_200;
export const MAGIC: Uint8Array = Buffer.from('GOB1');
export const MIN_DATAGRAM_BYTES: number = MAGIC.length + SEAL_BYTES;
const MAX_PLAIN_BYTES = MAX_DATAGRAM_BYTES - MIN_DATAGRAM_BYTES;
const MAX_PARTS = MAX_CONTRACTS;

/** `here`: I am here. `ask`: so am I, and who else is? `bye`: I am leaving. */
export type BeaconKind = 'here' | 'ask' | 'bye';

export interface BeaconMessage {
  readonly kind: BeaconKind;
  /** Epoch ms. */
  readonly sentAt: number;
  readonly sequence: number;
  /** With this part's share of the contracts; with none in `bye`. */
  readonly announcement: Announcement;
  /** Which part of how many, from 0. */
  readonly part: number;
  readonly parts: number;
}

/** The plain bytes of a message, one array per datagram. */
export function encodeBeacon(
  kind: BeaconKind,
  announcement: Announcement,
  sentAt: number,
  nextSequence: () => number,
): Uint8Array[] {
  const encode = (
    sequence: number,
    part: number,
    parts: number,
    contracts: readonly string[],
  ): Uint8Array => {
    const message: BeaconMessage = {
      kind,
      sentAt,
      sequence,
      part,
      parts,
      announcement: { ...announcement, contracts },
    };
    return Buffer.from(JSON.stringify(message));
  };
  if (kind === 'bye') return [encode(nextSequence(), 0, 1, [])];

  const emptyBytes = encode(Number.MAX_SAFE_INTEGER, MAX_PARTS, MAX_PARTS, []).length;
  const shares = shareOut(announcement.contracts, MAX_PLAIN_BYTES - emptyBytes);
  return shares.map((share, part) => encode(nextSequence(), part, shares.length, share));
}

/** Cuts the list so that each share has at most `room` bytes as JSON; at least one share, perhaps empty. */
function shareOut(contracts: readonly string[], room: number): string[][] {
  const shares: string[][] = [[]];
  let left = room;
  for (const contract of contracts) {
    const bytes = contract.length + 3;
    if (bytes > left && shares.at(-1)!.length > 0) {
      shares.push([]);
      left = room;
    }
    shares.at(-1)!.push(contract);
    left -= bytes;
  }
  return shares;
}

/** The message in plain bytes, or undefined when there is none. */
export function decodeBeacon(plain: Uint8Array): BeaconMessage | undefined {
  let value: Record<string, unknown> | null;
  try {
    value = JSON.parse(Buffer.from(plain.buffer, plain.byteOffset, plain.length).toString());
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, sentAt, sequence, part, parts } = value;
  if (kind !== 'here' && kind !== 'ask' && kind !== 'bye') return undefined;
  if (typeof sentAt !== 'number' || !Number.isSafeInteger(sequence)) return undefined;
  if (!isIndex(parts, MAX_PARTS + 1) || !isIndex(part, parts)) return undefined;
  const announcement = parseAnnouncement(value.announcement);
  return announcement && { kind, sentAt, sequence: sequence as number, part, parts, announcement };
}

function isIndex(value: unknown, below: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < below;
}

/** Puts parts together again. Holds few unfinished announcements at a time, the oldest give way. */
export interface Assembler {
  /** The whole announcement once the last of its parts has come. */
  add(message: BeaconMessage): Announcement | undefined;
}

const MAX_UNFINISHED = 256;

export function assembler(): Assembler {
  const unfinished = new Map<string, { incarnation: number; shares: (readonly string[] | undefined)[] }>();
  return {
    add({ announcement, part, parts }) {
      if (parts <= 1) return announcement;
      const { instance } = announcement;
      let pending = unfinished.get(instance);
      if (pending?.incarnation !== announcement.incarnation || pending.shares.length !== parts) {
        pending = { incarnation: announcement.incarnation, shares: new Array(parts).fill(undefined) };
        unfinished.delete(instance);
        if (unfinished.size >= MAX_UNFINISHED) unfinished.delete(unfinished.keys().next().value!);
        unfinished.set(instance, pending);
      }
      pending.shares[part] = announcement.contracts;
      if (pending.shares.includes(undefined)) return undefined;
      unfinished.delete(instance);
      const contracts = pending.shares.flatMap((share) => share!).slice(0, MAX_CONTRACTS);
      return { ...announcement, contracts };
    },
  };
}
