/** A database as one tenant may use it. Which tenant is read from the context of each statement, and the database itself
 * holds to it by row-level security: `select goblin.isolate('payment')` in a migration gives a table the column
 * `tenant` and the policies.
 *
 * It fails closed. Without a tenant in the context nothing is sent. A table that is isolated refuses every statement
 * of a transaction that names no tenant, also one of the database that this was made from. A role that row-level
 * security does not bind (a superuser) is refused.
 *
 * Limits: unique rules and foreign keys see the rows of all tenants, as everywhere in PostgreSQL; let them begin with the
 * tenant (`primary key (tenant, id)`). TRUNCATE is not held back. Partitions are isolated by their parent only.
 *
 * Each statement outside of a transaction costs three more round trips. */
import { context, GoblinError } from '@goblin/core';
import type { Database } from '../database/database.ts';
import { queryable } from '../database/queryable.ts';
import type { Transaction } from '../database/transaction.ts';

/** The same database, where every statement and transaction belongs to the tenant of the context.
 * @throws TENANT_REQUIRED from each, where the context has none
 * @example const db = withTenant(await app.use(postgres({ migrations }))); */
export function withTenant(db: Database): Database {
  const transaction: Database['transaction'] = async (work, options) => {
    contextTenant();
    return db.transaction(async (tx) => {
      await enterTenant(tx);
      return work(tx);
    }, options);
  };
  const { schema, telemetry, listen, close } = db;
  const isolated: Database = {
    ...queryable((text, values) => transaction((tx) => tx.query(text, values))),
    schema,
    telemetry,
    transaction,
    listen,
    close,
    [Symbol.asyncDispose]: close,
  };
  bases.set(isolated, db);
  return isolated;
}

const bases = new WeakMap<Database, Database>();

/** The database that this one was made from, for what the platform keeps of all tenants in one place; any other one as it is.
 * @throws TENANT_REQUIRED where the context has no tenant and should */
export function sharedDatabase(db: Database): Database {
  const base = bases.get(db);
  if (base) contextTenant();
  return base ?? db;
}

/** Gives a transaction that somebody else began, such as the one that a handler of events gets, to the tenant of the
 * context, until it ends. @throws TENANT_REQUIRED, FAILED_PRECONDITION for a role that sees all rows */
export async function enterTenant(tx: Transaction): Promise<void> {
  const { role, unbound } = await tx.one<{ role: string; unbound: boolean }>(
    `select set_config('goblin.tenant', $1, true), rolname as role, rolsuper or rolbypassrls as unbound
     from pg_roles where rolname = current_user`,
    [contextTenant()],
  );
  if (unbound) {
    throw new GoblinError('FAILED_PRECONDITION', {
      message: `row-level security does not bind the role ${role}, so tenants cannot be kept apart: connect as one that is no superuser and has no BYPASSRLS`,
    });
  }
}

function contextTenant(): string {
  const { tenant } = context;
  if (tenant) return tenant;
  throw new GoblinError('TENANT_REQUIRED');
}
