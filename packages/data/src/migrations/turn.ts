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

/** Answers at once. The turn is given back when the session ends, or by `giveBack`. */
export async function tryTurn(client: pg.Client, what: TurnOf, schema: string): Promise<boolean> {
  const { rows } = await client.query(`select pg_try_advisory_lock(hashtextextended($1, 0)) as mine`, [
    `goblin ${what} ${schema}`,
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

/** Whether somebody has it. */
export async function isTaken(client: pg.Client, what: TurnOf, schema: string): Promise<boolean> {
  if (!(await tryTurn(client, what, schema))) return true;
  await giveBack(client, what, schema);
  return false;
}

export async function giveBack(client: pg.Client, what: TurnOf, schema: string): Promise<void> {
  await client.query(`select pg_advisory_unlock(hashtextextended($1, 0))`, [`goblin ${what} ${schema}`]);
}
