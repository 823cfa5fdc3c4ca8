/** Gives each service its own corner of the embedded database: a schema, and a role that owns it and sees no other.
 * The role's password is random and kept in a file that only this user can read. */
import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GoblinError } from '@goblin/core';
import type pg from 'pg';
import { driver } from '../database/driver.ts';
import { SUPERUSER } from './cluster.ts';
import type { EmbeddedServer } from './embedded.ts';

/** The one database of a project. */
export const DATABASE = 'goblin';

const NAME = /^[a-z][a-z0-9_-]{0,62}$/;
const TAKEN = new Set([SUPERUSER, 'public', 'information_schema']);

/** The name and password to connect with. @throws INVALID_INPUT for a name that a schema cannot have. */
export async function provision(
  server: EmbeddedServer,
  schema: string,
): Promise<{ readonly user: string; readonly password: string }> {
  checkName(schema);
  const file = join(server.place.secrets, `role-${schema}`);
  const read = (): Promise<string | undefined> => readFile(file, 'utf8').catch(() => undefined);
  const password =
    (await read()) ?? (await server.alone(async () => (await read()) ?? make(server, schema, file)));
  return { user: schema, password };
}

export function superuserConfig(server: EmbeddedServer, databaseName: string = DATABASE): pg.ClientConfig {
  return { host: server.host, port: server.port, database: databaseName, ...server.superuser };
}

function checkName(schema: string): void {
  if (NAME.test(schema) && !TAKEN.has(schema) && !schema.startsWith('pg_')) return;
  throw new GoblinError('INVALID_INPUT', {
    message: `${JSON.stringify(schema)} cannot name a schema: take lower-case letters, digits, _ and -, at most 63, and none of ${[...TAKEN].join(', ')} or pg_…`,
  });
}

/** Can be repeated after a crash: the file is written last. */
async function make(server: EmbeddedServer, schema: string, file: string): Promise<string> {
  const password = randomBytes(24).toString('base64url');
  await makeDatabase(server);
  const role = driver().escapeIdentifier(schema);
  await withClient(superuserConfig(server), async (client) => {
    const { rowCount } = await client.query('select 1 from pg_roles where rolname = $1', [schema]);
    await client.query(`
      ${rowCount ? 'alter' : 'create'} role ${role} login password ${driver().escapeLiteral(password)};
      grant connect, temporary on database ${DATABASE} to ${role};
      create schema if not exists ${role} authorization ${role};
    `);
  });
  await writeFile(`${file}.new`, password, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return password;
}

/** Makes the one database where it is missing; to be called alone. */
export async function makeDatabase(server: EmbeddedServer): Promise<void> {
  await withClient(superuserConfig(server, 'postgres'), async (client) => {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
    if (rowCount) return;
    await client.query('revoke all on database postgres, template1 from public');
    await client.query(`create database ${DATABASE}`);
    await client.query(`revoke all on database ${DATABASE} from public`);
  });
}

async function withClient(
  config: pg.ClientConfig,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = new (driver().Client)(config);
  client.on('error', () => {});
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
