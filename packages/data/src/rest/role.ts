/** Whose eyes a request sees the database with. Its transaction takes the role before anything else is said, and names
 * tenant and actor for policies: `goblin.tenant()`, `current_setting('goblin.actor', true)`, and the claims where policies
 * written for PostgREST look for them. All of it ends with the transaction. */
import { context, GoblinError } from '@goblin/core';
import type { Transaction } from '../database/transaction.ts';

const TAKE_ROLE = `
  select
    set_config('goblin.tenant', $2, true),
    set_config('goblin.actor', $3, true),
    set_config('request.jwt.claims', $4, true),
    case when $5 then set_config('transaction_read_only', 'on', true) end,
    set_config('role', rolname, true),
    rolsuper or rolbypassrls or rolname = session_user as unbound
  from pg_roles
  where rolname = $1 and pg_has_role(current_user, oid, 'member')`;

/** @throws CONFIG_INVALID when the role is none that the service may take, or row-level security does not bind it */
export async function takeRole(tx: Transaction, role: string, readOnly: boolean): Promise<void> {
  const { tenant = '', actor = '' } = context.current;
  const claims = JSON.stringify({ role, ...(actor && { sub: actor }), ...(tenant && { tenant }) });
  const taken = await tx.maybeOne<{ unbound: boolean }>(TAKE_ROLE, [role, tenant, actor, claims, readOnly]);
  if (!taken) {
    throw new GoblinError('CONFIG_INVALID', {
      message: `rest() may not act as the role ${JSON.stringify(role)}: make it in a migration by select goblin.make_role('…'), or grant it to this service`,
    });
  }
  if (taken.unbound) {
    throw new GoblinError('CONFIG_INVALID', {
      message: `rest() does not act as ${role}, because row-level security does not bind that role: take one that is neither the service's own nor a superuser and has no BYPASSRLS`,
    });
  }
}
