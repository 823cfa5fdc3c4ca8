/** How many rows the tables had at the end of a backup, so that the restored ones can be compared, while everybody goes
 * on writing.
 *
 * A count on its own says nothing then: commits do not become visible in the order in which they are in the log. So
 * the rows are counted twice, before the restore point and after it, and only those that were written by transactions
 * that had ended before the first count (`xmin` below the horizon). Of these none can be added, and those that
 * are still there at the second count were there all the time. So in the restored table there are at most as many as the
 * first count found and at least as many as the second one; where nothing was deleted or updated in between, which is
 * a moment, exactly as many. */
import type { Session } from './session.ts';

export interface TableCount {
  readonly database: string;
  /** `orders.order_line` */
  readonly table: string;
  /** Only rows that older transactions wrote are counted. */
  readonly horizon: string;
  readonly atMost: number;
  readonly atLeast: number;
}

interface Counted {
  readonly rows: number;
  /** Changes when the table is emptied or written anew, which breaks the comparison. */
  readonly file: string;
}

type Counts = ReadonlyMap<string, Counted>;

export interface FirstCount {
  /** Counts again. */
  again(): Promise<TableCount[]>;
}

/** Databases to connect to, in all clusters of Goblin two. */
export async function databasesOf(session: Session): Promise<string[]> {
  const rows = await session.rows<{ name: string }>(
    'select datname as name from pg_database where datallowconn and not datistemplate order by 1',
  );
  return rows.map(({ name }) => name);
}

/** The first count of a database. */
export async function countTables(session: Session, database: string): Promise<FirstCount> {
  const [row] = await session.rows<{ horizon: string }>(
    'select pg_snapshot_xmin(pg_current_snapshot())::text as horizon',
  );
  const { horizon } = row!;
  const first = await countAll(session, horizon);
  return {
    async again() {
      const second = await countAll(session, horizon);
      const counts: TableCount[] = [];
      for (const [table, { rows: atMost, file }] of first) {
        const later = second.get(table);
        if (later?.file === file) counts.push({ database, table, horizon, atMost, atLeast: later.rows });
      }
      return counts;
    },
  };
}

/** What is wrong with the tables of a restored database; nothing when all are as they were. */
export async function compareTables(session: Session, counts: readonly TableCount[]): Promise<string[]> {
  const problems: string[] = [];
  for (const { table, horizon, atLeast, atMost } of counts) {
    const [found] = await session.rows<{ quoted: string | null }>('select to_regclass($1)::text as quoted', [
      table,
    ]);
    if (found?.quoted == null) problems.push(`${table} is missing`);
    else {
      const rows = await countOne(session, table, horizon);
      const expected = atLeast === atMost ? `${atMost}` : `${atLeast} to ${atMost}`;
      if (rows < atLeast || rows > atMost) problems.push(`${table} has ${rows} rows instead of ${expected}`);
    }
  }
  return problems;
}

async function countAll(session: Session, horizon: string): Promise<Counts> {
  const tables = await session.rows<{ name: string; file: string }>(`
    select format('%I.%I', n.nspname, c.relname) as name, pg_relation_filenode(c.oid)::text as file
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and c.relpersistence = 'p'
       and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
     order by 1`);
  const counts = new Map<string, Counted>();
  for (const { name, file } of tables) {
    // A table that was dropped meanwhile is not compared.
    const rows = await countOne(session, name, horizon).catch(() => undefined);
    if (rows !== undefined) counts.set(name, { rows, file });
  }
  return counts;
}

/** @param table quoted where it has to be. */
async function countOne(session: Session, table: string, horizon: string): Promise<number> {
  // Transaction ids are compared as PostgreSQL does it, in a circle of 2^32.
  const [row] = await session.rows<{ rows: string }>(
    `select count(*) filter (where (($1::bigint - 1 - xmin::text::bigint) & 4294967295) < 2147483648)::text as rows from ${table}`,
    [horizon],
  );
  return Number(row!.rows);
}
