/** The log in the store: pieces of at most one segment, each named by where it begins and ends and by the time until
 * which it tells what happened; and the histories of the timelines. Pieces are written once and never changed.
 * A piece may be as small as what was written in a few seconds, which is what bounds the loss. */
import { lsnOf, segmentStart } from './lsn.ts';
import type { Vault } from './vault.ts';

export interface WalPiece {
  readonly timeline: number;
  readonly start: bigint;
  readonly end: bigint;
  /** When its end was sent by the server: each commit in it is older. Milliseconds since the Unix epoch. */
  readonly untilMs: number;
}

export function pieceName(system: string, { timeline, start, end, untilMs }: WalPiece): string {
  return `wal/${system}/${hex(timeline, 8)}/${hex(start, 16)}-${hex(end, 16)}-${untilMs}`;
}

export interface ListedPiece extends WalPiece {
  readonly name: string;
  /** Bytes in the store. */
  readonly size: number;
}

/** The pieces of a cluster, or of one timeline of it, in the order of timelines and positions. */
export async function listPieces(vault: Vault, system: string, timeline?: number): Promise<ListedPiece[]> {
  const pieces: ListedPiece[] = [];
  const prefix = `wal/${system}/${timeline === undefined ? '' : `${hex(timeline, 8)}/`}`;
  for await (const { key, size } of vault.list(prefix)) {
    const [, line, start, end, untilMs] =
      /\/([0-9a-f]{8})\/([0-9a-f]{16})-([0-9a-f]{16})-(\d+)$/.exec(key) ?? [];
    if (line === undefined) continue;
    pieces.push({
      name: key,
      size,
      timeline: Number.parseInt(line, 16),
      start: BigInt(`0x${start}`),
      end: BigInt(`0x${end}`),
      untilMs: Number(untilMs),
    });
  }
  return pieces;
}

export async function putHistory(
  vault: Vault,
  system: string,
  timeline: number,
  text: string,
): Promise<void> {
  await vault.putBytes(historyKey(system, timeline), Buffer.from(text));
}

/** The histories of all timelines that branched off. */
export async function listHistories(vault: Vault, system: string): Promise<Map<number, string>> {
  const histories = new Map<number, string>();
  for await (const { key } of vault.list(`history/${system}/`)) {
    const timeline = Number.parseInt(key.split('/').at(-1)!, 16);
    histories.set(timeline, (await vault.getBytes(key)).toString());
  }
  return histories;
}

/** A stretch of the log: of this timeline, from where it branched off to where the next one did. */
export interface Stretch {
  readonly timeline: number;
  readonly from: bigint;
  /** Undefined for the last one. */
  readonly to: bigint | undefined;
}

/** The way to a timeline through its ancestors. @param history lines of `parent, switch position, reason` */
export function stretchesTo(timeline: number, history: string | undefined): Stretch[] {
  const stretches: Stretch[] = [];
  let from = 0n;
  for (const line of (history ?? '').split('\n')) {
    const [, parent, position] = /^\s*(\d+)\s+([0-9A-F]+\/[0-9A-F]+)/i.exec(line) ?? [];
    if (parent === undefined) continue;
    const to = lsnOf(position!);
    stretches.push({ timeline: Number(parent), from, to });
    from = to;
  }
  return [...stretches, { timeline, from, to: undefined }];
}

/** Where the log of a timeline begins: a new one repeats the segment in which it branched off. */
export function firstPosition(stretch: Stretch, segmentBytes: number): bigint {
  return segmentStart(stretch.from, segmentBytes);
}

function historyKey(system: string, timeline: number): string {
  return `history/${system}/${hex(timeline, 8)}`;
}

function hex(number: number | bigint, digits: number): string {
  return number.toString(16).padStart(digits, '0');
}
