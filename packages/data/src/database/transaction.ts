/** Statements that are kept together or not at all. A transaction that is no longer wanted when it comes to its
 * commit is rolled back. */
import {
  Cancellation,
  cancelledError,
  context,
  GoblinError,
  sleep,
  systemClock,
  type Telemetry,
} from '@goblin/core';
import { type Connection, NotBegun } from './connection.ts';
import type { Database } from './database.ts';
import type { Pool } from './pool.ts';
import { type Queryable, queryable } from './queryable.ts';
import type { StatementTelemetry } from './statement-telemetry.ts';

/** How often a lost connection may make a transaction begin anew before it has done anything. */
const MAX_BEGINS = 3;
const FIRST_BACKOFF_MS = 5;
const MAX_BACKOFF_MS = 200;

export interface TransactionOptions {
  /** Default: `read committed`. */
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable';
  /** How often the whole work is run again when another transaction won (CONFLICT). It must have no effects
   * outside the database then. Default 0. */
  readonly retrySerialization?: number;
}

export interface Transaction extends Queryable {
  readonly database: Database;
  /** Calls back once it is committed, at once and in this process: for hints, not for what must happen. */
  afterCommit(callback: () => void): void;
}

/** What a transaction needs from its database. */
export interface TransactionHost {
  readonly database: Database;
  readonly pool: Pool;
  readonly statements: StatementTelemetry;
}

export async function runTransaction<T>(
  host: TransactionHost,
  work: (tx: Transaction) => Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  const retries = options.retrySerialization ?? 0;
  for (let attempt = 0; ; attempt++) {
    try {
      return await runOnce(host, work, options);
    } catch (error) {
      if (!(error instanceof GoblinError) || error.code !== 'CONFLICT' || attempt >= retries) throw error;
    }
    const backoffMs = Math.min(FIRST_BACKOFF_MS * 2 ** attempt, MAX_BACKOFF_MS);
    await sleep(backoffMs * (0.5 + Math.random()), context.signal);
  }
}

async function runOnce<T>(
  host: TransactionHost,
  work: (tx: Transaction) => Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  const connection = await begin(host, options);
  const callbacks: (() => void)[] = [];
  let open = true;
  const statements = queryable(async (text, values) => {
    if (!open)
      throw new GoblinError('INTERNAL', {
        message: 'the transaction has ended: await every statement in it',
      });
    const result = await host.statements.measure(text, () => kept(connection.run(text, values)));
    return { rows: result.rows, count: result.rowCount ?? 0 };
  });
  try {
    const { database } = host;
    const afterCommit = (callback: () => void): void => void callbacks.push(callback);
    const value = await work({ ...statements, database, afterCommit });
    open = false;
    await commit(host, connection);
    for (const callback of callbacks) attempt(callback, host.database.telemetry);
    return value;
  } catch (error) {
    open = false;
    if (connection.inTransaction) await unstoppable(host, () => connection.run('ROLLBACK')).catch(() => {});
    throw error;
  } finally {
    host.pool.release(connection);
  }
}

/** What is committed stays so, whatever a callback makes of it. */
function attempt(callback: () => void, telemetry: Telemetry): void {
  try {
    callback();
  } catch (error) {
    telemetry.log.error({ err: error }, 'a callback after a commit failed');
  }
}

/** A transaction that is not begun has done nothing, so a connection that turns out to be dead costs no error. */
async function begin(host: TransactionHost, options: TransactionOptions): Promise<Connection> {
  const isolation = options.isolation ? ` ISOLATION LEVEL ${ISOLATION[options.isolation]}` : '';
  for (let attempt = 1; ; attempt++) {
    const connection = await host.pool.acquire();
    // One round trip: a transaction whose client dies is ended by the server at the client's deadline.
    const timeoutMs = Math.ceil(Math.min(host.pool.options.timeoutMs, Math.max(1, context.timeLeft())));
    const text = `BEGIN${isolation}; SET LOCAL statement_timeout = ${timeoutMs}`;
    try {
      await host.statements.measure('BEGIN', () => connection.run(text));
      return connection;
    } catch (error) {
      host.pool.release(connection);
      const lost =
        error instanceof NotBegun || (error instanceof GoblinError && error.code === 'DATABASE_UNAVAILABLE');
      if (!lost || attempt === MAX_BEGINS) throw error;
    }
  }
}

const ISOLATION = {
  'read committed': 'READ COMMITTED',
  'repeatable read': 'REPEATABLE READ',
  serializable: 'SERIALIZABLE',
} as const;

async function commit(host: TransactionHost, connection: Connection): Promise<void> {
  const { cancellation } = context.current;
  if (cancellation.cancelled) throw cancelledError(cancellation.reason);
  if (context.timeLeft() === 0)
    throw new GoblinError('DEADLINE_EXCEEDED', {
      message: 'the deadline passed before the commit: nothing was kept',
    });
  const { command } = await unstoppable(host, () =>
    host.statements.measure('COMMIT', () => kept(connection.run('COMMIT'))),
  );
  // So answers PostgreSQL when a statement had failed and its error was swallowed.
  if (command === 'ROLLBACK') {
    throw new GoblinError('INTERNAL', {
      message: 'nothing was kept: a statement of the transaction had failed, and the work went on',
    });
  }
}

/** A commit that was sent is waited for, even if the caller leaves: its outcome must be known. */
function unstoppable<T>(host: TransactionHost, work: () => Promise<T>): Promise<T> {
  const deadline = systemClock.now() + host.pool.options.timeoutMs;
  return context.run({ cancellation: new Cancellation(), deadline }, work);
}

/** Inside a transaction there is no other connection to turn to. */
async function kept<T>(running: Promise<T>): Promise<T> {
  try {
    return await running;
  } catch (error) {
    if (error instanceof NotBegun) {
      throw new GoblinError('DATABASE_UNAVAILABLE', {
        message: 'the connection broke inside the transaction: nothing was kept',
        cause: error,
      });
    }
    throw error;
  }
}
