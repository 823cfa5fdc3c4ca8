/** A database as a service uses it: one schema, one bounded pool, every statement measured, bounded in time and
 * cancellable. */
import { context, GoblinError, type Telemetry } from '@goblin/core';
import { NotBegun, type Target } from './connection.ts';
import { driver } from './driver.ts';
import { Pool } from './pool.ts';
import { type Queryable, type QueryResult, queryable, type Row } from './queryable.ts';
import { statementTelemetry } from './statement-telemetry.ts';
import { runTransaction, type Transaction, type TransactionOptions } from './transaction.ts';

/** How many connections a statement is given to, when those before broke before it was begun. */
const MAX_ATTEMPTS = 3;

export interface Database extends Queryable, AsyncDisposable {
  /** The schema that names without a prefix stand for. */
  readonly schema: string;
  readonly telemetry: Telemetry;
  /** Runs `work` in a transaction: all of its statements are kept, or none when it throws or is cancelled.
   * @example await db.transaction(async (tx) => { await tx.query(…); await tx.query(…); });
   * @throws what `work` throws, and what Queryable lists. DATABASE_UNAVAILABLE with `data.outcome` `unknown`
   * means that the connection broke during the commit. */
  transaction<T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Hears what is told by `NOTIFY channel`, on a connection of its own beside the pool. `onEnd` is called once when
   * that is lost: notifications may have been missed, and none come any more. */
  listen(channel: string, onNotification: (payload: string) => void, onEnd: () => void): Promise<Listener>;
  /** Waits for what runs, up to 5 s, and closes. */
  close(): Promise<void>;
}

export interface Listener {
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly target: Target;
  readonly schema: string;
  readonly telemetry: Telemetry;
  readonly poolSize: number;
  readonly timeoutMs: number;
  readonly recover?: (() => Promise<void>) | undefined;
}

export function database(options: DatabaseOptions): Database {
  const { target, schema, telemetry, timeoutMs } = options;
  const pool = new Pool({ target, size: options.poolSize, timeoutMs, recover: oneAtATime(options.recover) });
  const statements = statementTelemetry(telemetry, schema);
  const observation = observePool(telemetry, schema, pool);

  async function run(text: string, values: readonly unknown[]): Promise<QueryResult<Row>> {
    for (let attempt = 1; ; attempt++) {
      const connection = await pool.acquire();
      try {
        const result = await statements.measure(text, () => connection.run(text, values));
        return { rows: result.rows, count: result.rowCount ?? 0 };
      } catch (error) {
        if (!(error instanceof NotBegun)) throw error;
        if (attempt === MAX_ATTEMPTS)
          throw new GoblinError('DATABASE_UNAVAILABLE', {
            message: `${target.where} cannot be reached`,
            cause: error,
          });
      } finally {
        pool.release(connection);
      }
    }
  }

  const close = async (): Promise<void> => {
    await pool.close();
    observation[Symbol.dispose]();
  };
  const self: Database = {
    ...queryable(run),
    schema,
    telemetry,
    transaction: (work, transactionOptions = {}) =>
      runTransaction({ database: self, pool, statements }, work, transactionOptions),
    async listen(channel, onNotification, onEnd) {
      const connection = await pool.open(context.current.cancellation);
      connection.listen(onNotification, onEnd);
      await statements.measure('LISTEN', () =>
        connection.run(`LISTEN ${driver().escapeIdentifier(channel)}`),
      );
      return connection;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
  return self;
}

/** However many callers find the server gone, it is brought back once. */
function oneAtATime(recover: (() => Promise<void>) | undefined): (() => Promise<void>) | undefined {
  if (!recover) return undefined;
  let running: Promise<void> | undefined;
  return () => {
    running ??= recover().finally(() => {
      running = undefined;
    });
    return running;
  };
}

function observePool(telemetry: Telemetry, schema: string, pool: Pool): Disposable {
  return telemetry.metrics.observe(
    'db_client_connections',
    { help: 'Connections of the pool, and callers that wait for one.', labels: ['db_namespace', 'state'] },
    (set) => {
      const { used, idle, waiting } = pool.counts;
      set(used, schema, 'used');
      set(idle, schema, 'idle');
      set(waiting, schema, 'waiting');
    },
  );
}
