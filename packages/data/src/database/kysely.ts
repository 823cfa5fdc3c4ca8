/** Kysely as a way to write statements: it builds and types them, and they run like any other, with the same
 * spans, deadlines and pool. Transactions are the database's own, not Kysely's. */
import { GoblinError } from '@goblin/core';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely';
import type { Run } from './queryable.ts';

export function kyselyOver(run: Run): Kysely<unknown> {
  const connection = connectionOver(run);
  const driver: Driver = {
    init: async () => {},
    acquireConnection: async () => connection,
    releaseConnection: async () => {},
    beginTransaction: refuseTransaction,
    commitTransaction: refuseTransaction,
    rollbackTransaction: refuseTransaction,
    destroy: async () => {},
  };
  return new Kysely<unknown>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => driver,
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
}

function connectionOver(run: Run): DatabaseConnection {
  return {
    async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
      const { rows, count } = await run(query.sql, query.parameters);
      return { rows: rows as R[], numAffectedRows: BigInt(count) };
    },
    // biome-ignore lint/correctness/useYield: it refuses before there is anything to yield
    async *streamQuery() {
      throw new GoblinError('UNIMPLEMENTED', { message: 'read large results in pages, by key' });
    },
  };
}

async function refuseTransaction(): Promise<void> {
  throw new GoblinError('UNIMPLEMENTED', {
    message: 'begin a transaction by db.transaction((tx) => …) and use tx.kysely() inside it',
  });
}
