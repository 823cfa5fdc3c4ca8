/** What filling and emptying a stream have in common: one process does it at a time, on a connection, and begins anew after a failure.
 *
 * Who does it holds the row of goblin.event_link for HOLD_MS and renews it; one that was killed is followed after that time. The hold
 * only keeps processes out of each other's way. That nothing goes wrong when two do it (one was frozen and woke up) is the matter of
 * the stream's expected sequence and of the transactions here. */
import { randomUUID } from 'node:crypto';
import type { Gauge } from '@goblin/core';
import { sleep, systemClock } from '@goblin/core';
import type { NatsConnection } from '@nats-io/nats-core';
import type { Database } from '../database/database.ts';
import { routine } from '../database/routine.ts';
import type { Transaction } from '../database/transaction.ts';
import type { NatsBus } from './connection.ts';

const HOLD_MS = 10_000;
const RENEW_MS = 3_000;
/** How soon a process looks again whether it may. */
const LOOK_MS = 1_000;
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 10_000;

export interface LinkKey {
  readonly direction: 'in' | 'out';
  readonly bus: string;
  readonly stream: string;
}

/** Up to where it is known to have been done. */
export interface Mark {
  /** Of which stream; null before the first message. */
  readonly created: string | null;
  readonly sequence: number;
}

/** The time during which this process fills or empties the stream. */
export interface Hold {
  readonly connection: NatsConnection;
  /** Aborted when the connection is lost, somebody else holds the stream, or the process is told to stop. */
  readonly signal: AbortSignal;
  mark(): Promise<Mark>;
  /** Moves the mark, in a transaction, if this process still holds the stream and `before` is where the mark was.
   * Answers whether it did. */
  move(tx: Transaction, before: Mark, to: Mark): Promise<boolean>;
  /** To be called when something was done: failures from before are forgotten. */
  flows(): void;
}

export interface LinkWork {
  readonly db: Database;
  readonly bus: NatsBus;
  readonly key: LinkKey;
  readonly blocked: Gauge;
  /** Runs until the signal of the hold is aborted. It is run again when it returns or throws. */
  run(hold: Hold): Promise<void>;
}

const MINE = 'owner = current_user and direction = $1 and bus = $2 and stream = $3 and holder = $4';

/** A background loop; it ends when the signal is aborted. */
export async function runLink(work: LinkWork, signal: AbortSignal): Promise<void> {
  const { db, bus, key, blocked } = work;
  const values = [key.direction, key.bus, key.stream, randomUUID()];
  let failures = 0;
  const flows = (): void => {
    failures = 0;
    blocked.set(0);
  };
  try {
    while (!signal.aborted) {
      try {
        const connection = await bus.connection(signal);
        if (await claim(db, values)) await hold(work, values, connection, flows, signal);
        else await sleep(LOOK_MS, signal);
      } catch (error) {
        if (signal.aborted) return;
        blocked.set(++failures);
        db.telemetry.log.warn(
          { err: error, ...key, failures },
          `the stream ${key.stream} stands still; it is tried again`,
        );
        const backoffMs = Math.min(FIRST_BACKOFF_MS * 2 ** (failures - 1), MAX_BACKOFF_MS);
        await sleep(backoffMs * (0.5 + Math.random() / 2), signal).catch(() => {});
      }
    }
  } finally {
    await routine(() => release(db, values)).catch(() => {});
  }
}

async function hold(
  { db, run }: LinkWork,
  values: readonly unknown[],
  connection: NatsConnection,
  flows: () => void,
  stopping: AbortSignal,
): Promise<void> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  stopping.addEventListener('abort', end, { once: true });
  if (stopping.aborted) end();
  void connection.closed().then(end);
  const renewal = systemClock.every(RENEW_MS, () => {
    routine(() => claim(db, values)).then((isMine) => isMine || end(), end);
  });
  try {
    await run({
      connection,
      signal: ending.signal,
      flows,
      mark: () => db.one<Mark>(`select created, sequence from goblin.event_link where ${MINE}`, values),
      async move(tx, before, to) {
        const { count } = await tx.query(
          `update goblin.event_link set created = $5, sequence = $6
           where ${MINE} and created is not distinct from $7 and sequence = $8`,
          [...values, to.created, to.sequence, before.created, before.sequence],
        );
        return count === 1;
      },
    });
  } finally {
    renewal.cancel();
    stopping.removeEventListener('abort', end);
  }
}

/** Takes or renews the hold, and answers whether this process has it. */
async function claim(db: Database, values: readonly unknown[]): Promise<boolean> {
  const { count } = await db.query(
    `insert into goblin.event_link as link (direction, bus, stream, holder, held_until)
     values ($1, $2, $3, $4, clock_timestamp() + interval '${HOLD_MS} milliseconds')
     on conflict (owner, direction, bus, stream)
     do update set holder = excluded.holder, held_until = excluded.held_until
     where link.holder = excluded.holder or link.held_until < clock_timestamp()`,
    values,
  );
  return count === 1;
}

async function release(db: Database, values: readonly unknown[]): Promise<void> {
  await db.query(`update goblin.event_link set held_until = '-infinity' where ${MINE}`, values);
}
