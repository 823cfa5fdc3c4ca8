/** Indexes: building one must not keep others from writing. */
import type { DropStmt, IndexStmt, Node, ReindexStmt } from 'libpg-query';
import { as, nameOf, type Rule } from './rule.ts';

const NO_TRANSACTION = '-- goblin: no transaction';

export const indexRules: readonly Rule[] = [
  {
    name: 'index-concurrently',
    check({ statement, isNew }) {
      const index = as<IndexStmt>(statement.node, 'IndexStmt');
      const table = nameOf(index?.relation);
      if (!index || index.concurrent || isNew(table)) return undefined;
      return {
        problem: `CREATE INDEX keeps everybody from writing to ${table} until it is built`,
        rewrite: `in a file of its own:\n${NO_TRANSACTION}\ncreate ${index.unique ? 'unique ' : ''}index concurrently if not exists ${index.idxname ?? `${table}_…`} on ${table} …;`,
      };
    },
  },
  {
    name: 'drop-index-concurrently',
    check({ statement }) {
      const drop = as<DropStmt>(statement.node, 'DropStmt');
      if (drop?.removeType !== 'OBJECT_INDEX' || drop.concurrent) return undefined;
      return {
        problem: 'DROP INDEX locks its table against reading and writing, and waits for all who read it now',
        rewrite: `in a file of its own:\n${NO_TRANSACTION}\ndrop index concurrently if exists …;`,
      };
    },
  },
  {
    name: 'reindex-concurrently',
    check({ statement }) {
      const reindex = as<ReindexStmt>(statement.node, 'ReindexStmt');
      if (!reindex || hasOption(reindex.params, 'concurrently')) return undefined;
      return {
        problem: 'REINDEX keeps everybody from writing to the table until it is done',
        rewrite: `in a file of its own:\n${NO_TRANSACTION}\nreindex index concurrently …;`,
      };
    },
  },
  {
    name: 'repeatable-index',
    check({ statement }) {
      const index = as<IndexStmt>(statement.node, 'IndexStmt');
      if (!index?.concurrent || (index.if_not_exists && index.idxname)) return undefined;
      return {
        problem:
          'what runs outside of a transaction can be cut off before it is recorded, and is then run again: the index is there already',
        rewrite: `create ${index.unique ? 'unique ' : ''}index concurrently if not exists ${index.idxname ?? '<name>'} on … (an unfinished one of that name is dropped first)`,
      };
    },
  },
];

export function hasOption(options: readonly Node[] | undefined, name: string): boolean {
  return (options ?? []).some((node) => as<{ defname?: string }>(node, 'DefElem')?.defname === name);
}
