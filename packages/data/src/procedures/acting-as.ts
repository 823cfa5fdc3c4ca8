/** What an owner of the database does in the name of a service: tasks belong to roles, and all that is done to them is done as
 * their role. */
import type { Database } from '../database/database.ts';
import { queryable } from '../database/queryable.ts';
import { sql } from '../database/sql.ts';
import type { Transaction, TransactionOptions } from '../database/transaction.ts';

/** The database with each statement in a transaction of that role. @throws FORBIDDEN when it may not act as that role */
export function actingAs(db: Database, role: string): Database {
  const transaction = <T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T> =>
    db.transaction(async (tx) => {
      await tx.query(sql`select set_config('role', ${role}, true)`);
      return work(tx);
    }, options);
  return { ...db, ...queryable((text, values) => transaction((tx) => tx.query(text, values))), transaction };
}

/** The roles that have tasks, or had some of which the keys are still known, and that this one may act as. */
export async function taskOwners(db: Database): Promise<string[]> {
  const rows = await db.many<{ owner: string }>(
    `select rolname as owner from pg_roles
     where pg_has_role(current_user, oid, 'member')
       and (exists (select from goblin.task where owner = rolname and due_at is not null)
         or exists (select from goblin.task where owner = rolname and due_at is null)
         or exists (select from goblin.task_key where owner = rolname))
     order by rolname`,
  );
  return rows.map(({ owner }) => owner);
}
