/** How to call psql as a service: by PostgreSQL's own environment variables, because arguments are seen by everybody who lists
 * processes. https://www.postgresql.org/docs/current/libpq-envars.html */
import type { ClientConfig } from 'pg';

export interface PsqlCall {
  readonly env: Readonly<Record<string, string>>;
}

/** What may stand behind the question mark of a URL. */
const PARAMETERS: Readonly<Record<string, string>> = {
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  connect_timeout: 'PGCONNECT_TIMEOUT',
};

export function psqlCall(config: ClientConfig, schema: string): PsqlCall {
  const values =
    config.connectionString === undefined ? fromConfig(config) : fromUrl(config.connectionString);
  const env = Object.entries({
    ...values,
    PGOPTIONS: `-c search_path="${schema}",public`,
    PGAPPNAME: 'goblin db psql',
  });
  return { env: Object.fromEntries(env.filter((pair): pair is [string, string] => Boolean(pair[1]))) };
}

function fromConfig({
  host,
  port,
  user,
  password,
  database,
}: ClientConfig): Record<string, string | undefined> {
  return {
    PGHOST: host,
    PGPORT: port === undefined ? undefined : String(port),
    PGUSER: user,
    PGPASSWORD: typeof password === 'string' ? password : undefined,
    PGDATABASE: database,
  };
}

function fromUrl(text: string): Record<string, string | undefined> {
  const { hostname, port, username, password, pathname, searchParams } = new URL(text);
  const parameters = [...searchParams].flatMap(([name, value]) =>
    PARAMETERS[name] === undefined ? [] : [[PARAMETERS[name], value]],
  );
  return {
    PGHOST: searchParams.get('host') ?? hostname,
    PGPORT: port,
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: decodeURIComponent(pathname.slice(1)),
    ...Object.fromEntries(parameters),
  };
}
