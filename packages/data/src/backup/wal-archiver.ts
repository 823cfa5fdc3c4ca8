/** Copies the log of a running cluster into the store while it is written, as a standby server would receive it
 * (streaming replication). Nothing has to be configured in the server or restarted, and what can be lost is what
 * was written within the last `everyMs`, not a whole segment.
 *
 * The server is told what is in the store and keeps the log from there on: its replication slot is the only cursor.
 * One process at a time can hold the slot, so only one archives. To spare the disk the server keeps no more than
 * MAX_KEPT for it; what it drops beyond that is a gap (`onGap`), after which a new base backup is due.
 *
 * Failure: it rejects when the store or the server fails; nothing is lost by running it again. In memory are at most
 * two segments (32 MiB); then the server waits. */
import { sleep, systemClock, type Timer } from '@goblin/core';
import { lsnOf, lsnText, segmentName, segmentStart } from './lsn.ts';
import type { Replication } from './replication.ts';
import { type Identity, identify, type Site, siteReplication, siteSession } from './site.ts';
import { firstPosition, listPieces, pieceName, putHistory, stretchesTo } from './wal-archive.ts';
import { type OpenPiece, walBuffer } from './wal-buffer.ts';

/** The slot of the process that archives always. */
export const SLOT = 'goblin_backup';
const MAX_KEPT = '4GB';
const STATUS_EVERY_MS = 5_000;
/** How long the end waits for what was written before it. */
const LAST_WORDS_MS = 1_000;
/** PostgreSQL counts microseconds from 2000-01-01. */
const POSTGRES_EPOCH_MS = 946_684_800_000;

export interface WalArchiverOptions {
  /** How old what is not in the store may become. */
  readonly everyMs: number;
  /** Name of a slot of its own that ends with the connection, to be used instead of the lasting one. */
  readonly temporarySlot?: string;
  /** Begins after the last piece in the store where the server still has what follows, though no slot made it keep that:
   * a checkpoint may remove it any moment, which is an error then. Default: with the lasting slot. */
  readonly goesOn?: boolean;
  /** The server does not have any more what comes after the last piece in the store. */
  onGap?(): void;
  onStored?(bytes: number): void;
  /** At this time (milliseconds since the Unix epoch) everything was in the store. */
  onCovered?(atMs: number): void;
}

/** Archives until the signal is aborted, and then what was written until then.
 * @throws DATABASE_UNAVAILABLE, INTERNAL when another process holds the slot, STORE_UNAVAILABLE */
export async function archiveWal(
  site: Site,
  options: WalArchiverOptions,
  signal: AbortSignal,
): Promise<void> {
  await using replication = await siteReplication(site);
  const identity = await currentIdentity(site, replication);
  const slot = options.temporarySlot ?? SLOT;
  const kept = await ensureSlot(site, replication, slot, options.temporarySlot !== undefined);
  const start = await startPosition(site, replication, identity, kept, options);
  const command = `START_REPLICATION SLOT "${slot}" PHYSICAL ${lsnText(start)} TIMELINE ${identity.timeline}`;
  const buffer = walBuffer(start, identity.segmentBytes, options.everyMs);
  const tell = (askForAnswer: boolean): void => replication.send(status(buffer.storedTo, askForAnswer));
  const timer = systemClock.every(Math.min(STATUS_EVERY_MS, options.everyMs), () => tell(true));
  const stop = (): void => {
    buffer.close();
    replication.destroy();
  };
  let last: bigint | undefined;
  let lastTimer: Timer | undefined;
  const windDown = async (): Promise<void> => {
    lastTimer = systemClock.after(LAST_WORDS_MS, stop);
    last = await flushedTo(site).catch(() => undefined);
    if (last === undefined) stop();
    // Its answer shows how far we are where nothing is left to come.
    else tell(true);
  };
  const onAbort = (): void => void windDown();
  signal.addEventListener('abort', onAbort, { once: true });

  const receive = async (): Promise<void> => {
    try {
      for await (const message of replication.stream(command)) {
        const sentMs =
          POSTGRES_EPOCH_MS + Number(message.readBigInt64BE(message[0] === 0x77 ? 17 : 9) / 1_000n);
        // 'w': log; 'k': a sign of life.
        const position = message.readBigUInt64BE(1);
        const log = message.subarray(25);
        if (message[0] === 0x77) await buffer.add(position, log, sentMs);
        else if (position <= buffer.storedTo) options.onCovered?.(sentMs);
        const receivedTo = message[0] === 0x77 ? position + BigInt(log.length) : position;
        if (last !== undefined && receivedTo >= last) return;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      buffer.close();
    }
  };
  const store = async (): Promise<void> => {
    try {
      for (let piece = await buffer.next(); piece; piece = await buffer.next()) {
        const bytes = await put(site, identity, piece);
        buffer.stored(piece);
        options.onStored?.(bytes);
        options.onCovered?.(piece.untilMs);
        if (!signal.aborted) tell(false);
      }
    } catch (error) {
      stop();
      throw error;
    }
  };
  try {
    if (signal.aborted) stop();
    const [received, stored] = await Promise.allSettled([receive(), store()]);
    for (const end of [stored, received]) if (end.status === 'rejected') throw end.reason;
  } finally {
    timer.cancel();
    lastTimer?.cancel();
    signal.removeEventListener('abort', onAbort);
  }
}

/** Resolves when everything up to this position is in the store, whoever archives. */
export async function untilArchived(
  site: Site,
  slot: string,
  lsn: bigint,
  signal: AbortSignal,
): Promise<void> {
  await using session = await siteSession(site);
  for (;;) {
    const [row] = await session.rows<{ done: boolean }>(
      'select restart_lsn >= $1::pg_lsn as done from pg_replication_slots where slot_name = $2',
      [lsnText(lsn), slot],
    );
    if (row?.done) return;
    await sleep(20, signal);
  }
}

async function currentIdentity(site: Site, replication: Replication): Promise<Identity> {
  await using session = await siteSession(site);
  const { timeline } = await replication.row('IDENTIFY_SYSTEM');
  return { ...(await identify(session)), timeline: Number(timeline) };
}

/** Everything that was committed until now lies before it. */
export async function flushedTo(site: Site): Promise<bigint> {
  await using session = await siteSession(site);
  const [row] = await session.rows<{ lsn: string }>('select pg_current_wal_flush_lsn()::text as lsn');
  return lsnOf(row!.lsn);
}

/** Makes the slot where there is none, and answers from where on the server keeps the log. */
async function ensureSlot(
  site: Site,
  replication: Replication,
  slot: string,
  isTemporary: boolean,
): Promise<bigint> {
  await using session = await siteSession(site);
  const find = async (): Promise<{ restart: string | null; lost: boolean } | undefined> =>
    (
      await session.rows<{ restart: string | null; lost: boolean }>(
        "select restart_lsn::text as restart, wal_status = 'lost' as lost from pg_replication_slots where slot_name = $1",
        [slot],
      )
    )[0];
  const found = await find();
  if (found && !found.lost && found.restart !== null) return lsnOf(found.restart);
  if (found) await session.rows('select pg_drop_replication_slot($1)', [slot]);
  await session.rows(`alter system set max_slot_wal_keep_size = '${MAX_KEPT}'`);
  await session.rows('select pg_reload_conf()');
  await replication.row(
    `CREATE_REPLICATION_SLOT "${slot}" ${isTemporary ? 'TEMPORARY ' : ''}PHYSICAL (RESERVE_WAL)`,
  );
  return lsnOf((await find())!.restart!);
}

/** After the last piece in the store where the server still has what follows. */
async function startPosition(
  site: Site,
  replication: Replication,
  { system, timeline, segmentBytes }: Identity,
  kept: bigint,
  options: WalArchiverOptions,
): Promise<bigint> {
  const pieces = await listPieces(site.vault, system, timeline);
  let next = pieces.reduce<bigint | undefined>(
    (last, { end }) => (last === undefined || end > last ? end : last),
    undefined,
  );
  if (next === undefined && timeline > 1) {
    const { content = '' } = await replication.row(`TIMELINE_HISTORY ${timeline}`);
    await putHistory(site.vault, system, timeline, content);
    next = firstPosition(stretchesTo(timeline, content).at(-1)!, segmentBytes);
  }
  if (next !== undefined && next >= kept) return next;
  const goesOn = options.goesOn ?? options.temporarySlot === undefined;
  if (next !== undefined && goesOn && (await isThere(site, segmentName(timeline, next, segmentBytes))))
    return next;
  if (next !== undefined) options.onGap?.();
  return segmentStart(kept, segmentBytes);
}

async function isThere(site: Site, segment: string): Promise<boolean> {
  await using session = await siteSession(site);
  return (await session.rows('select 1 from pg_ls_waldir() where name = $1', [segment])).length > 0;
}

async function put(site: Site, identity: Identity, piece: OpenPiece): Promise<number> {
  const name = pieceName(identity.system, { ...piece, timeline: identity.timeline });
  return site.vault.putBytes(name, Buffer.concat(piece.parts));
}

/** Standby status update: written, flushed and applied up to here. */
function status(position: bigint, askForAnswer: boolean): Buffer {
  const message = Buffer.alloc(34);
  message.write('r');
  for (const at of [1, 9, 17]) message.writeBigUInt64BE(position, at);
  message.writeBigInt64BE(BigInt(systemClock.wall() - POSTGRES_EPOCH_MS) * 1_000n, 25);
  message[33] = askForAnswer ? 1 : 0;
  return message;
}
