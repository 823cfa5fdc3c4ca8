/** PostgreSQL's driver, loaded when a database is first used: every service imports Goblin, and not every one keeps
 * something. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export function driver(): typeof import('pg') {
  return require('pg') as typeof import('pg');
}
