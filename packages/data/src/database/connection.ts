/** One connection to PostgreSQL. It runs one statement at a time, ends a statement that is no longer wanted, and
 * knows afterwards whether it can be used again.
 *
 * A statement ends by the caller's deadline or cancellation: the server is asked to cancel it, and the call rejects
 * when the server has stopped, so nothing goes on unseen. A server that does not stop within
 * CANCEL_GRACE_MS loses the connection. */
import {
  type Cancellation,
  cancelledError,
  context,
  openScope,
  systemClock,
  untilCancelled,
} from '@goblin/core';
import type pg from 'pg';
import { requestCancel } from './cancel-request.ts';
import { driver } from './driver.ts';
import { databaseError, isConnectionError, outcomeUnknown, wasNotBegun } from './errors.ts';
import { typeParsers } from './values.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const CANCEL_GRACE_MS = 500;

/** Where to connect. */
export interface Target {
  /** For a person: `PostgreSQL at db.example:5432`. No secrets. */
  readonly where: string;
  /** Read at each new connection, because a revived server may be elsewhere. */
  config(): pg.ClientConfig;
}

/** Thrown for a statement that certainly did not begin, so that it can be run on another connection. */
export class NotBegun extends Error {}

export class Connection {
  readonly #client: pg.Client;
  readonly #where: string;
  readonly #timeoutMs: number;
  #last: Promise<unknown> = Promise.resolve();
  #broken = false;

  private constructor(client: pg.Client, where: string, timeoutMs: number) {
    this.#client = client;
    this.#where = where;
    this.#timeoutMs = timeoutMs;
    const markBroken = (): void => {
      this.#broken = true;
    };
    client.on('error', markBroken);
    client.on('end', markBroken);
  }

  /** Connects. No statement on it takes longer than `timeoutMs`.
   * @throws the driver's own error, CANCELED or DEADLINE_EXCEEDED */
  static async open(target: Target, timeoutMs: number, cancellation: Cancellation): Promise<Connection> {
    const client = new (driver().Client)({
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      // For statements whose process is killed; a living one cancels them itself.
      statement_timeout: timeoutMs,
      keepAlive: true,
      types: typeParsers,
      ...target.config(),
    });
    const connection = new Connection(client, target.where, timeoutMs);
    const connecting = client.connect();
    try {
      await untilCancelled(cancellation, connecting);
      return connection;
    } catch (error) {
      connecting.catch(() => {});
      connection.destroy();
      throw error;
    }
  }

  /** Whether it can take another statement, outside of any transaction. */
  get reusable(): boolean {
    return !this.#broken && this.#client.getTransactionStatus() === 'I';
  }

  /** Whether a statement that it ran has left a transaction open. */
  get inTransaction(): boolean {
    return !this.#broken && this.#client.getTransactionStatus() !== 'I';
  }

  /** Called with each notification after a LISTEN, and once when the connection is gone. */
  listen(onNotification: (payload: string) => void, onEnd: () => void): void {
    this.#client.on('notification', (message) => onNotification(message.payload ?? ''));
    if (this.#broken) onEnd();
    else this.#client.once('end', onEnd);
  }

  /** Runs one statement after those that were given before. Several statements may stand in one text that has no
   * values; the result is then the last one's.
   * @throws NotBegun, or a GoblinError: see errors.ts */
  run(text: string, values?: readonly unknown[]): Promise<pg.QueryResult> {
    const mine = this.#last.then(() => this.#run(text, values));
    this.#last = mine.catch(() => {});
    return mine;
  }

  async #run(text: string, values: readonly unknown[] | undefined): Promise<pg.QueryResult> {
    const deadline = Math.min(context.deadline, systemClock.now() + this.#timeoutMs);
    const scope = openScope(context.current, deadline);
    const { cancellation } = scope.values;
    let cancelled: Promise<void> | undefined;
    let settled = false;
    const off = cancellation.onCancel(() => {
      cancelled = this.#cancel(() => settled);
    });
    try {
      const result: pg.QueryResult | pg.QueryResult[] = await this.#client.query(text, values as unknown[]);
      return Array.isArray(result) ? result.at(-1)! : result;
    } catch (error) {
      throw this.#explain(error, cancellation);
    } finally {
      settled = true;
      off();
      scope.close();
      // A request still under way could hit the next statement.
      await cancelled;
    }
  }

  #explain(error: unknown, cancellation: Cancellation): Error {
    if (cancellation.cancelled) return cancelledError(cancellation.reason);
    if (!isConnectionError(error)) return databaseError(error, this.#where);
    this.#broken = true;
    return wasNotBegun(error)
      ? new NotBegun('not begun', { cause: error })
      : outcomeUnknown(error, this.#where);
  }

  async #cancel(isSettled: () => boolean): Promise<void> {
    systemClock.after(CANCEL_GRACE_MS, () => {
      if (!isSettled()) this.destroy();
    });
    await requestCancel(this.#client, CANCEL_GRACE_MS);
  }

  /** Says goodbye when nothing runs on it. */
  async close(): Promise<void> {
    this.#broken = true;
    await this.#client.end().catch(() => {});
  }

  /** Drops it, whatever it does. */
  destroy(): void {
    this.#broken = true;
    this.#client.connection.stream.destroy();
  }
}
