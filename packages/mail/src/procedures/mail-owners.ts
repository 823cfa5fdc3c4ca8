/** Mails belong to roles, one per service, and all that is done to them is done as their role. */
import { GoblinError } from '@goblin/core';
import { type Database, sql } from '@goblin/data';
import { actingAs } from '@goblin/data/procedures';

/** A role, and the database as that role sees it. */
export interface MailOwner {
  readonly owner: string;
  readonly db: Database;
}

/** The roles that send mail and that this one may act as: a service itself, an owner of the database all. */
export async function mailOwners(db: Database, only?: string): Promise<MailOwner[]> {
  const rows = await db.many<{ owner: string }>(sql`
    select rolname as owner from pg_roles
    where pg_has_role(current_user, oid, 'member')
      and (exists (select from goblin_mail.message where owner = rolname)
        or exists (select from goblin_mail.route_state where owner = rolname)
        or exists (select from goblin_mail.suppression where owner = rolname))
    order by rolname`);
  return rows
    .filter(({ owner }) => only === undefined || owner === only)
    .map(({ owner }) => ({ owner, db: actingAs(db, owner) }));
}

/** Whose mail it is. @throws NOT_FOUND; FORBIDDEN when this role may not act as that one */
export async function ownerOfMail(db: Database, id: number): Promise<Database> {
  const row = await db.maybeOne<{ owner: string }>(
    sql`select owner from goblin_mail.message where id = ${id}`,
  );
  if (row) return actingAs(db, row.owner);
  throw new GoblinError('NOT_FOUND', { message: `there is no mail ${id}` });
}
