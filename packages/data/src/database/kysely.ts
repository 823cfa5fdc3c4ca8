/** Kysely as a way to write statements: it builds and types them, and they run like any other, with the same
 * spans, deadlines and pool. Transactions are the database's own, not Kysely's. Its 255 files are loaded by the
 * first who uses it, not by every service that imports Goblin. */
import { createRequire } from 'node:module';
import { GoblinError } from '@goblin/core';
import type { CompiledQuery, DatabaseConnection, Driver, Kysely, QueryResult } from 'kysely';
import type { Run } from './queryable.ts';

const require = createRequire(import.meta.url);

export function kyselyOver(run: Run): Kysely<unknown> {
  const { Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } =
    require('kysely') as typeof import('kysely');
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
