/** A plain connection as the superuser, for the work of backups: long statements, whole clusters, no pool. */

import { GoblinError } from '@goblin/core';
import type pg from 'pg';
import { driver } from '../database/driver.ts';
import { databaseError, sqlStateOf } from '../database/errors.ts';

const CONNECT_TIMEOUT_MS = 5_000;

export interface Session extends AsyncDisposable {
  /** @throws GoblinError: see database/errors.ts */
  rows<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** @param where for a person. @param signal ends the connection and whatever runs on it.
 * @throws DATABASE_UNAVAILABLE, the signal's reason */
export async function openSession(
  config: pg.ClientConfig,
  where: string,
  signal?: AbortSignal,
): Promise<Session> {
  signal?.throwIfAborted();
  const client = new (driver().Client)({ connectionTimeoutMillis: CONNECT_TIMEOUT_MS, ...config });
  client.on('error', () => {});
  const explained = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error) => {
      signal?.throwIfAborted();
      throw spelledOut(error, where);
    });
  const destroy = (): void => void client.connection.stream.destroy();
  signal?.addEventListener('abort', destroy, { once: true });
  await explained(client.connect());
  return {
    rows: async <Row>(text: string, values?: readonly unknown[]) =>
      (await explained(client.query(text, values as unknown[]))).rows as Row[],
    async [Symbol.asyncDispose]() {
      signal?.removeEventListener('abort', destroy);
      await client.end().catch(() => {});
    },
  };
}

/** An error with the server's own words, which here go to whoever runs the database, not to a caller of a service. */
export function spelledOut(error: unknown, where: string): GoblinError {
  const coded = databaseError(error, where);
  if (coded.code !== 'INTERNAL' || sqlStateOf(coded) === undefined) return coded;
  return new GoblinError('INTERNAL', {
    message: `PostgreSQL says: ${(coded.cause as Error).message}`,
    cause: coded.cause,
  });
}
