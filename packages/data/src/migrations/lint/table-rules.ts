/** Whole tables: none may vanish under a version that uses it, be locked by hand, or be written anew. */
import type { ClusterStmt, DropStmt, LockStmt, Node, TruncateStmt, VacuumStmt } from 'libpg-query';
import { takenAway } from './column-rules.ts';
import { hasOption } from './index-rules.ts';
import { as, nameOf, type Rule, words } from './rule.ts';

/** What an older version may use, by what DROP calls it. */
const DROPPED: Readonly<Record<string, string>> = {
  OBJECT_TABLE: 'table',
  OBJECT_VIEW: 'view',
  OBJECT_MATVIEW: 'materialized view',
  OBJECT_SCHEMA: 'schema',
  OBJECT_TYPE: 'type',
  OBJECT_FUNCTION: 'function',
  OBJECT_SEQUENCE: 'sequence',
};

export const tableRules: readonly Rule[] = [
  {
    name: 'drop-table',
    check({ statement, file, isNew }) {
      const drop = as<DropStmt>(statement.node, 'DropStmt');
      const kind = DROPPED[drop?.removeType ?? ''];
      if (!drop || !kind || file.kind === 'contract') return undefined;
      const names = (drop.objects ?? []).map(objectName).filter((name) => !isNew(name));
      return names.length > 0 ? takenAway(`the ${kind} ${names.join(', ')}`) : undefined;
    },
  },
  {
    name: 'truncate',
    check({ statement, isNew }) {
      const truncate = as<TruncateStmt>(statement.node, 'TruncateStmt');
      const names = tablesOf(truncate?.relations).filter((name) => !isNew(name));
      if (names.length === 0) return undefined;
      return {
        problem: `TRUNCATE takes every row of ${names.join(', ')} away, and waits for all who read it now while nobody else can`,
        rewrite: 'delete the rows that are meant by a backfill, or drop the table by a contract',
      };
    },
  },
  {
    name: 'lock-table',
    check({ statement, isNew }) {
      const names = tablesOf(as<LockStmt>(statement.node, 'LockStmt')?.relations).filter(
        (name) => !isNew(name),
      );
      if (names.length === 0) return undefined;
      return {
        problem: `LOCK TABLE keeps others from ${names.join(', ')} until the whole file is done`,
        rewrite: 'take it out: each statement takes the lock that it needs',
      };
    },
  },
  {
    name: 'rewrite-table',
    check({ statement: { node } }) {
      const vacuum = as<VacuumStmt>(node, 'VacuumStmt');
      const isFull = vacuum?.is_vacuumcmd && hasOption(vacuum.options, 'full');
      if (!isFull && !as<ClusterStmt>(node, 'ClusterStmt')) return undefined;
      return {
        problem: `${isFull ? 'VACUUM FULL' : 'CLUSTER'} writes the table anew while nobody can read or write it`,
        rewrite:
          'plain VACUUM gives space back to the table; the extension pg_repack gives it back to the disk',
      };
    },
  },
];

function tablesOf(relations: readonly Node[] | undefined): string[] {
  return (relations ?? []).map((node) => nameOf(as(node, 'RangeVar')));
}

/** Tables are named by a list, types by a TypeName, functions by more. */
export function objectName(node: Node): string {
  const list = as<{ items?: Node[] }>(node, 'List')?.items;
  const named = as<{ names?: Node[]; objname?: Node[] }>(node, 'TypeName') ?? as(node, 'ObjectWithArgs');
  const alone = as<{ sval?: string }>(node, 'String')?.sval;
  return alone ?? words(list ?? named?.names ?? named?.objname).join('.');
}
