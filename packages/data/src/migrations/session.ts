/** A connection of its own for migrating: it holds a turn, and waits for locks as long as migrations may. */
import type pg from 'pg';
import type { Target } from '../database/connection.ts';
import { driver } from '../database/driver.ts';
import { databaseError } from '../database/errors.ts';

const CONNECT_TIMEOUT_MS = 5_000;

export type Session = pg.Client & AsyncDisposable;

/** @throws DATABASE_UNAVAILABLE */
export async function openSession({ config, where }: Target): Promise<Session> {
  const client = new (driver().Client)({ connectionTimeoutMillis: CONNECT_TIMEOUT_MS, ...config() });
  client.on('error', () => {});
  await client.connect().catch((error) => {
    throw databaseError(error, where);
  });
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end().catch(() => {}) });
}
