/** Transactions: each file runs in one, unless its only statement cannot. */
import type { DropStmt, IndexStmt, ReindexStmt, TransactionStmt, VacuumStmt } from 'libpg-query';
import { hasOption } from './index-rules.ts';
import { alterations, as, type Rule, type RuleContext } from './rule.ts';

const MOVE = 'put it alone into a file of its own that begins with\n-- goblin: no transaction';

export const transactionRules: readonly Rule[] = [
  {
    name: 'concurrently-in-transaction',
    check(context) {
      if (!context.file.inTransaction || !isConcurrent(context)) return undefined;
      return { problem: 'this cannot run inside a transaction, and fails', rewrite: MOVE };
    },
  },
  {
    name: 'needless-no-transaction',
    check(context) {
      if (context.file.inTransaction || isConcurrent(context)) return undefined;
      return {
        problem:
          'outside of a transaction this is not undone when it fails half-way, and waits for its lock for up to an hour while others queue behind it',
        rewrite: 'take out the line -- goblin: no transaction',
      };
    },
  },
  {
    name: 'own-transaction',
    check({ statement }) {
      if (!as<TransactionStmt>(statement.node, 'TransactionStmt')) return undefined;
      return {
        problem: 'each file runs in a transaction of its own, together with its record',
        rewrite: 'take BEGIN, COMMIT and ROLLBACK out of the file',
      };
    },
  },
];

/** Whether it is of the few that others do not wait for, and that no transaction may hold. */
function isConcurrent(context: RuleContext): boolean {
  const { node } = context.statement;
  const reindex = as<ReindexStmt>(node, 'ReindexStmt');
  const vacuum = as<VacuumStmt>(node, 'VacuumStmt');
  return (
    Boolean(as<IndexStmt>(node, 'IndexStmt')?.concurrent) ||
    Boolean(as<DropStmt>(node, 'DropStmt')?.concurrent) ||
    Boolean(reindex && hasOption(reindex.params, 'concurrently')) ||
    Boolean(vacuum?.is_vacuumcmd) ||
    alterations(context).some(
      ({ command }) => command.subtype === 'AT_DetachPartition' && isMarked(command.def),
    )
  );
}

function isMarked(def: unknown): boolean {
  return JSON.stringify(def ?? {}).includes('"concurrent":true');
}
