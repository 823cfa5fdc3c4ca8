/** Finds what a restore needs: the base backup to begin with, and the pieces of the log from there to the moment. */
import { GoblinError } from '@goblin/core';
import { type BackupRecord, stateOf } from './backup-record.ts';
import { lsnOf, lsnText } from './lsn.ts';
import type { Vault } from './vault.ts';
import {
  firstPosition,
  type ListedPiece,
  listHistories,
  listPieces,
  type Stretch,
  stretchesTo,
} from './wal-archive.ts';

/** A commit is stamped before it is in the log: pieces are taken until this much after the moment. */
const STAMP_TOLERANCE_MS = 60_000;

/** Where a restore ends. */
export type RestoreTarget =
  /** With the last commit at or before it. */
  | { readonly at: Date }
  /** With everything that is in the store. */
  | 'latest'
  /** As this backup was verified. */
  | 'backup';

export interface RestorePlan {
  readonly base: BackupRecord;
  readonly target: RestoreTarget;
  readonly timeline: number;
  readonly pieces: readonly ListedPiece[];
  readonly histories: ReadonlyMap<number, string>;
  /** Nothing that happened later is in these pieces. Undefined where they end before the moment or there is none. */
  readonly endsAt: Date;
  /** The store has nothing of the time between `endsAt` and the moment: perhaps nothing happened. */
  readonly endsBefore: boolean;
}

/** @param base to begin with this one, even if it was never verified. Default: the newest good one that fits.
 * @throws NOT_FOUND, also where a part of the log is missing */
export async function planRestore(
  vault: Vault,
  records: readonly BackupRecord[],
  target: RestoreTarget,
  base?: BackupRecord,
): Promise<RestorePlan> {
  if (target === 'backup') return planOf(vault, base!, target, base!.timeline);
  const byMs = target === 'latest' ? Number.POSITIVE_INFINITY : target.at.getTime();
  const candidates = base ? [base] : goodBefore(records, byMs);
  const system = candidates.at(-1)!.system;
  const timeline = await timelineAt(vault, system, byMs);
  const histories = await listHistories(vault, system);
  const way = stretchesTo(timeline, histories.get(timeline));
  const found = candidates.findLast((one) => one.system === system && leadsTo(one, way));
  if (!found) {
    throw new GoblinError('NOT_FOUND', {
      message: `no good backup leads to this moment: the log of that time belongs to timeline ${timeline}, and the backups were made on others; name one by --backup, or another moment`,
    });
  }
  const { endedAt } = found;
  const isNewer = (one: BackupRecord): boolean =>
    one.endedAt > endedAt && Date.parse(one.endedAt) <= byMs && stateOf(one) === 'unverified';
  return planOf(vault, found, target, timeline, base ? undefined : records.findLast(isNewer));
}

function goodBefore(records: readonly BackupRecord[], byMs: number): BackupRecord[] {
  const good = records.filter((record) => stateOf(record) === 'good');
  const before = good.filter(({ endedAt }) => Date.parse(endedAt) <= byMs);
  if (before.length > 0) return before;
  const [first] = good;
  throw new GoblinError('NOT_FOUND', {
    message: first
      ? `the earliest moment that can be restored is ${first.endedAt}, the end of the first good backup ${first.id}`
      : records.length > 0
        ? 'none of the backups is known to be good: run goblin backup verify, or name one by --backup'
        : 'there is no backup yet: run goblin backup now',
  });
}

/** The timeline that was written at that time. */
async function timelineAt(vault: Vault, system: string, byMs: number): Promise<number> {
  let last: ListedPiece | undefined;
  for (const piece of await listPieces(vault, system))
    if (piece.untilMs <= byMs && (!last || piece.untilMs >= last.untilMs)) last = piece;
  return last?.timeline ?? 1;
}

function leadsTo({ timeline, endLsn }: BackupRecord, way: readonly Stretch[]): boolean {
  const stretch = way.find((one) => one.timeline === timeline);
  return stretch !== undefined && (stretch.to === undefined || lsnOf(endLsn) <= stretch.to);
}

/** @param untried a newer backup, to be named where the log does not lead from `base` to the moment */
async function planOf(
  vault: Vault,
  base: BackupRecord,
  target: RestoreTarget,
  timeline: number,
  untried?: BackupRecord,
): Promise<RestorePlan> {
  const histories = await listHistories(vault, base.system);
  const way = stretchesTo(timeline, histories.get(timeline));
  const needed = way.slice(way.findIndex((one) => one.timeline === base.timeline));
  const enough = (piece: ListedPiece): boolean =>
    target === 'backup'
      ? piece.end >= lsnOf(base.endLsn)
      : target !== 'latest' && piece.untilMs > target.at.getTime() + STAMP_TOLERANCE_MS;
  const all = await listPieces(vault, base.system);
  const pieces: ListedPiece[] = [];
  let position = lsnOf(base.startLsn);
  for (const stretch of needed) {
    if (stretch.timeline !== base.timeline) position = firstPosition(stretch, base.segmentBytes);
    for (const piece of all) {
      if (piece.timeline !== stretch.timeline || piece.end <= position) continue;
      if (stretch.to !== undefined && position >= stretch.to) break;
      if (piece.start > position) {
        if (reaches(pieces.at(-1), target)) break;
        throw gap(position, pieces.at(-1), piece, untried);
      }
      pieces.push(piece);
      position = piece.end;
      if (stretch.to === undefined && enough(piece)) break;
    }
    if (stretch.to !== undefined && position < stretch.to)
      throw gap(position, pieces.at(-1), undefined, untried);
  }
  const last = pieces.at(-1);
  if (position < lsnOf(base.endLsn)) throw gap(position, last, undefined, untried);
  const endsAtMs = Math.max(last?.untilMs ?? 0, Date.parse(base.endedAt));
  const endsBefore = typeof target === 'object' && endsAtMs < target.at.getTime();
  return { base, target, timeline, pieces, histories, endsAt: new Date(endsAtMs), endsBefore };
}

/** Whether what is known goes as far as the moment, so that a gap after it does no harm. */
function reaches(last: ListedPiece | undefined, target: RestoreTarget): boolean {
  return last !== undefined && typeof target === 'object' && last.untilMs >= target.at.getTime();
}

function gap(
  position: bigint,
  before: ListedPiece | undefined,
  after: ListedPiece | undefined,
  untried: BackupRecord | undefined,
): GoblinError {
  const until = before ? new Date(before.untilMs).toISOString() : 'the backup';
  const next = after
    ? `, and goes on at ${lsnText(after.start)} (until ${new Date(after.untilMs).toISOString()})`
    : '';
  const way = untried
    ? `the backup ${untried.id} is newer and not known to be good: run goblin backup verify, or name it by --backup`
    : 'choose a moment before, or one after the next backup';
  return new GoblinError('NOT_FOUND', {
    message: `a part of the log is missing in the store: it ends at ${lsnText(position)} (${until})${next}; ${way}`,
  });
}
