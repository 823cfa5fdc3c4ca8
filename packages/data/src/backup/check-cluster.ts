/** Checks of a restored cluster: what each backup is asked before it is called good. */
import type { Target } from '../database/connection.ts';
import type { CheckResult } from './backup-record.ts';
import type { Session } from './session.ts';
import { compareTables, databasesOf, type TableCount } from './table-counts.ts';

/** What a check may look at. It must leave no trace. */
export interface RestoredCluster {
  readonly databases: readonly string[];
  session(database: string): Promise<Session>;
  /** Where a pool would connect to. */
  target(database: string): Target;
  /** Aborted when nobody waits for the result any more. */
  readonly signal: AbortSignal;
}

/** A further check. What it throws counts as a failure. */
export interface BackupCheck {
  readonly name: string;
  /** One sentence that says what was found to be well. @throws what is wrong, as a sentence */
  check(restored: RestoredCluster): Promise<string>;
}

/** Where the cluster can be asked. */
export interface CheckedCluster {
  session(database?: string, signal?: AbortSignal): Promise<Session>;
  target(database: string): Target;
}

/** One after the other, each whatever the others found. */
export async function checkCluster(
  cluster: CheckedCluster,
  checks: readonly BackupCheck[],
  signal: AbortSignal,
): Promise<CheckResult[]> {
  await using any = await cluster.session(undefined, signal);
  const restored: RestoredCluster = {
    databases: await databasesOf(any),
    session: (database) => cluster.session(database, signal),
    target: cluster.target,
    signal,
  };
  const results: CheckResult[] = [];
  for (const { name, check } of checks) {
    try {
      results.push({ name, good: true, detail: await check(restored) });
    } catch (error) {
      results.push({ name, good: false, detail: (error as Error).message });
    }
  }
  return results;
}

/** Each table has as many rows as it had. */
export function countsCheck(tables: readonly TableCount[]): BackupCheck {
  return {
    name: 'tables',
    async check(restored) {
      const problems: string[] = [];
      for (const database of restored.databases) {
        await using session = await restored.session(database);
        problems.push(
          ...(await compareTables(
            session,
            tables.filter((one) => one.database === database),
          )),
        );
      }
      if (problems.length > 0) throw new Error(problems.join('; '));
      const rows = tables.reduce((sum, { atLeast }) => sum + atLeast, 0);
      return `${tables.length} tables with ${rows} rows`;
    },
  };
}

/** amcheck: every page of every table, every entry of every B-tree, and that no row is missing in an index.
 * https://www.postgresql.org/docs/current/amcheck.html */
export function structureCheck(onProgress?: (done: number, total: number) => void): BackupCheck {
  return {
    name: 'amcheck',
    async check(restored) {
      let checked = 0;
      for (const [index, database] of restored.databases.entries()) {
        await using session = await restored.session(database);
        checked += await checkDatabase(session, (done, total) =>
          onProgress?.(index * total + done, restored.databases.length * total),
        );
      }
      return `${checked} tables and indexes are sound`;
    },
  };
}

interface Relation {
  readonly oid: number;
  readonly name: string;
  readonly isIndex: boolean;
}

async function checkDatabase(
  session: Session,
  onProgress: (done: number, total: number) => void,
): Promise<number> {
  // The extension goes with the transaction.
  await session.rows('begin');
  await session.rows('create extension if not exists amcheck');
  const [{ schema } = { schema: '' }] = await session.rows<{ schema: string }>(
    "select quote_ident(nspname) as schema from pg_extension e join pg_namespace n on n.oid = extnamespace where extname = 'amcheck'",
  );
  const relations = await session.rows<Relation>(`
    select c.oid::int8::int as oid, c.oid::regclass::text as name, c.relkind = 'i' as "isIndex"
      from pg_class c left join pg_index i on i.indexrelid = c.oid join pg_am a on a.oid = c.relam
     where c.relpersistence = 'p' and c.relkind in ('r', 'm', 't', 'i') and a.amname in ('heap', 'btree')
       and coalesce(i.indisvalid, true)`);
  for (const [done, { oid, name, isIndex }] of relations.entries()) {
    onProgress(done, relations.length);
    if (isIndex) await session.rows(`select ${schema}.bt_index_check($1, true)`, [oid]);
    else {
      const [fault] = await session.rows<{ blkno: string; msg: string }>(
        `select blkno, msg from ${schema}.verify_heapam($1, check_toast => false) limit 1`,
        [oid],
      );
      if (fault) throw new Error(`${name}, block ${fault.blkno}: ${fault.msg}`);
    }
  }
  await session.rows('rollback');
  return relations.length;
}
