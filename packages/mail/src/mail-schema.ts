/** The tables of mails, in a schema that the services of a database share. */
import { type Database, installSchema } from '@goblin/data';

const SCHEMA = 'goblin_mail';
const FOLDER = new URL('./schema', import.meta.url);

/** Makes the tables, or brings them up to date. `mailer` does it; who operates does it before `mailProcedures` ask.
 * @throws MIGRATION_FAILED, DATABASE_UNAVAILABLE */
export function installMail(db: Database): Promise<void> {
  return installSchema(db, SCHEMA, FOLDER);
}
