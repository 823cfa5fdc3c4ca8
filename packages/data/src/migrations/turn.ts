/** Whose turn it is: of all processes that migrate a schema one does at a time, by an advisory lock of its session.
 *
 * They ask again and again rather than wait for it inside the server: a statement that waits there has a snapshot, for which
 * CREATE INDEX CONCURRENTLY, run by who has the turn, would wait in return. */
import { sleep, systemClock } from '@goblin/core';
import type pg from 'pg';

const FIRST_PAUSE_MS = 10;
const MAX_PAUSE_MS = 500;

/** What is done in turns. */
export type TurnOf = 'migration' | 'backfill';

/** Answers at once. The turn is given back when the session ends. */
export async function tryTurn(client: pg.Client, what: TurnOf, schema: string): Promise<boolean> {
  const { rows } = await client.query(`select pg_try_advisory_lock(hashtextextended($1, 0)) as mine`, [
    nameOf(what, schema),
  ]);
  return rows[0].mine;
}

/** Answers whether it came within the time. @throws the reason of the signal */
export async function awaitTurn(
  client: pg.Client,
  what: TurnOf,
  schema: string,
  withinMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const giveUpAt = systemClock.now() + withinMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
    if (await tryTurn(client, what, schema)) return true;
    if (systemClock.now() + pauseMs > giveUpAt) return false;
    await sleep(pauseMs * (0.5 + Math.random() / 2), signal);
  }
}

/** Whether somebody has it. It only looks: to try would take it from who comes in that moment. */
export async function isTaken(client: pg.Client, what: TurnOf, schema: string): Promise<boolean> {
  // Of a lock on one 64-bit number, pg_locks shows the halves.
  const { rows } = await client.query(
    `select exists (
       select from pg_locks
       where locktype = 'advisory' and granted and objsubid = 1
         and database = (select oid from pg_database where datname = current_database())
         and (classid::bigint << 32 | objid::bigint) = hashtextextended($1, 0)
     ) as taken`,
    [nameOf(what, schema)],
  );
  return rows[0].taken;
}

function nameOf(what: TurnOf, schema: string): string {
  return `goblin ${what} ${schema}`;
}
