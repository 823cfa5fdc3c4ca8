/** Rows: many at once are changed by a backfill, never by one statement that holds them all. */
import type { DeleteStmt, UpdateStmt } from 'libpg-query';
import { as, nameOf, type Rule } from './rule.ts';

export const rowRules: readonly Rule[] = [
  {
    name: 'whole-table',
    check({ statement: { node }, file, isNew }) {
      const update = as<UpdateStmt>(node, 'UpdateStmt');
      const change = update ?? as<DeleteStmt>(node, 'DeleteStmt');
      const table = nameOf(change?.relation);
      if (!change || file.kind === 'backfill' || isNew(table) || comparesWithConstant(change.whereClause))
        return undefined;
      return {
        problem: `${update ? 'UPDATE' : 'DELETE'} may hold any number of rows of ${table} in one transaction: who wants to change one waits, and replicas fall behind`,
        rewrite: `in a file named like 0004_….backfill.sql, which runs in batches beside the service:\n-- goblin: backfill table=${table} key=id batch=1000\n${update ? `update ${table} set …` : `delete from ${table}`} where id between :first and :last and …;`,
      };
    },
  },
];

/** Whether the condition takes a column to a value, as `where id = 7` or `where name in ('a', 'b')` does: few rows. */
function comparesWithConstant(where: unknown): boolean {
  const { A_Expr: comparison, BoolExpr: logic } = (where ?? {}) as {
    A_Expr?: { kind?: string; name?: unknown[]; lexpr?: object; rexpr?: object };
    BoolExpr?: { boolop?: string; args?: unknown[] };
  };
  if (logic?.boolop === 'AND_EXPR') return (logic.args ?? []).some(comparesWithConstant);
  if (logic?.boolop === 'OR_EXPR') return (logic.args ?? []).every(comparesWithConstant);
  if (!comparison) return false;
  const { kind, name, lexpr, rexpr } = comparison;
  const isEquality =
    (kind === 'AEXPR_OP' || kind === 'AEXPR_IN') && JSON.stringify(name) === '[{"String":{"sval":"="}}]';
  return (
    isEquality && lexpr !== undefined && 'ColumnRef' in lexpr && !JSON.stringify(rexpr).includes('ColumnRef')
  );
}
