/** Checks of a restored cluster. The first two are always made; others are given (the chain of the audit log is one). */
import type { CheckResult } from './backup-record.ts';
import type { Session } from './session.ts';
import { compareTables, databasesOf, type TableCount } from './table-counts.ts';

/** What a check may look at. It must leave no trace. */
export interface RestoredCluster {
  readonly databases: readonly string[];
  session(database: string): Promise<Session>;
}

/** A further check. What it throws counts as a failure. */
export interface BackupCheck {
  readonly name: string;
  /** One sentence that says what was found to be well. @throws what is wrong, as a sentence */
  check(restored: RestoredCluster): Promise<string>;
}

export interface CheckOptions {
  readonly checks: readonly BackupCheck[];
  onProgress?(done: number, total: number): void;
}

export async function checkCluster(
  open: (database?: string) => Promise<Session>,
  tables: readonly TableCount[],
  { checks, onProgress }: CheckOptions,
): Promise<CheckResult[]> {
  await using any = await open();
  const databases = await databasesOf(any);
  const restored: RestoredCluster = { databases, session: open };
  const all: BackupCheck[] = [
    structure(onProgress),
    ...(tables.length > 0 ? [counts(tables)] : []),
    ...checks,
  ];
  const results: CheckResult[] = [];
  for (const { name, check } of all) {
    try {
      results.push({ name, good: true, detail: await check(restored) });
    } catch (error) {
      results.push({ name, good: false, detail: (error as Error).message });
    }
  }
  return results;
}

function counts(tables: readonly TableCount[]): BackupCheck {
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
function structure(onProgress: CheckOptions['onProgress']): BackupCheck {
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
