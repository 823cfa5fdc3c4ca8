/** Reports for whoever keeps the books: a view and the day book, read over HTTP in the language of PostgREST, as a role that
 * may read these two and nothing else, and only the rows of the merchant who asks. */
import { type Database, type RestTables, rest } from 'goblin';

export function reports(db: Database): RestTables {
  const roles = { anonymous: `${db.schema}.reader` };
  return rest(db, { prefix: '/reports', tables: ['payment_report', 'day_book'], roles });
}
