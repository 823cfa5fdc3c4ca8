/** Where a service's PostgreSQL is: the embedded one of the project, or the one of a URL. */
import type { ClientConfig } from 'pg';
import type { Target } from './database/connection.ts';
import { attachOrStart, type EmbeddedServer } from './embedded/embedded.ts';
import { DATABASE, provision, superuserConfig } from './embedded/provision.ts';

/** A transaction whose process hangs between two statements is ended, because it holds locks and keeps events
 * from being read. */
const IDLE_IN_TRANSACTION_MS = 60_000;

export interface Source {
  /** To connect as the service: its own role where there is one, its own schema first. */
  readonly target: Target;
  /** To connect as the owner of what all services share. */
  readonly owner: Target;
  readonly schema: string;
  readonly recover: (() => Promise<void>) | undefined;
  release(): Promise<void>;
}

export async function embeddedSource(folder: string, schema: string, service: string): Promise<Source> {
  const server = await attachOrStart(folder);
  try {
    return await sourceOf(server, schema, service);
  } catch (error) {
    await server.release();
    throw error;
  }
}

/** A service's corner of a server that runs. */
export async function sourceOf(server: EmbeddedServer, schema: string, service: string): Promise<Source> {
  const role = await provision(server, schema);
  const where = `the embedded PostgreSQL in ${server.place.folder}`;
  return {
    target: {
      where,
      config: () => ({
        host: server.host,
        port: server.port,
        database: DATABASE,
        ...role,
        ...session(schema, service),
      }),
    },
    owner: { where, config: () => superuserConfig(server) },
    schema,
    recover: server.revive,
    release: server.release,
  };
}

export async function urlSource(url: string, schema: string, service: string): Promise<Source> {
  const { hostname, port, pathname } = new URL(url);
  const target: Target = {
    where: `PostgreSQL at ${hostname}:${port || 5_432}${pathname}`,
    config: () => ({ connectionString: url, ...session(schema, service) }),
  };
  return { target, owner: target, schema, recover: undefined, release: async () => {} };
}

function session(schema: string, service: string): ClientConfig {
  return {
    application_name: service,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    options: `-c search_path="${schema}",public`,
  };
}
