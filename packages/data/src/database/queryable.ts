/** The ways to ask for rows. They are the same on the database, where each statement is a transaction of its
 * own, and inside a transaction. */
import { GoblinError } from '@goblin/core';
import type { Kysely } from 'kysely';
import { kyselyOver } from './kysely.ts';
import { Statement } from './sql.ts';

export type Row = Record<string, unknown>;

export interface QueryResult<R> {
  readonly rows: R[];
  /** Rows that were selected, or changed. */
  readonly count: number;
}

/** Every method takes a `sql` statement, or a text with `$1` … and its values. A statement ends at the deadline of
 * the context, at the latest after the database's `statementTimeout`. Errors, besides those noted:
 * DATABASE_UNAVAILABLE, DEADLINE_EXCEEDED, CANCELED; ALREADY_EXISTS for a broken unique rule,
 * FAILED_PRECONDITION for another one; CONFLICT when a concurrent transaction won; INVALID_INPUT for a value that its
 * type does not take; FORBIDDEN for what the role may not do; INTERNAL for the rest, with `data.sqlState`. */
export interface Queryable {
  /** @example const { count } = await db.query(sql`delete from cart where id = ${id}`) */
  query<R = Row>(statement: Statement | string, values?: readonly unknown[]): Promise<QueryResult<R>>;
  /** All rows. */
  many<R = Row>(statement: Statement | string, values?: readonly unknown[]): Promise<R[]>;
  /** The one row. @throws NOT_FOUND when there is none, INTERNAL when there are several */
  one<R = Row>(statement: Statement | string, values?: readonly unknown[]): Promise<R>;
  /** The one row, or undefined when there is none. @throws INTERNAL when there are several */
  maybeOne<R = Row>(statement: Statement | string, values?: readonly unknown[]): Promise<R | undefined>;
  /** A typed query builder over the same connections. https://kysely.dev
   * @example await tx.kysely<Tables>().insertInto('payment').values(payment).execute() */
  kysely<Tables>(): Kysely<Tables>;
}

/** Carries one statement out. */
export type Run = (text: string, values: readonly unknown[]) => Promise<QueryResult<Row>>;

export function queryable(run: Run): Queryable {
  const query = (
    statement: Statement | string,
    values: readonly unknown[] = [],
  ): Promise<QueryResult<Row>> =>
    statement instanceof Statement ? run(statement.text, statement.values) : run(statement, values);

  async function maybeOne(
    statement: Statement | string,
    values?: readonly unknown[],
  ): Promise<Row | undefined> {
    const { rows } = await query(statement, values);
    if (rows.length > 1) {
      throw new GoblinError('INTERNAL', {
        message: `a statement that may give one row gave ${rows.length}`,
      });
    }
    return rows[0];
  }

  let builder: Kysely<unknown> | undefined;
  const methods = {
    query,
    maybeOne,
    many: async (statement: Statement | string, values?: readonly unknown[]) =>
      (await query(statement, values)).rows,
    one: async (statement: Statement | string, values?: readonly unknown[]) => {
      const row = await maybeOne(statement, values);
      if (row) return row;
      throw new GoblinError('NOT_FOUND');
    },
    kysely: () => {
      builder ??= kyselyOver(run);
      return builder;
    },
  };
  // What the rows are is the caller's word: SQL text carries no types.
  return methods as Queryable;
}
