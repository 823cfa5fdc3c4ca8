/** The one PostgreSQL of all queues: our embedded one as a project has it, with fsync, in a folder that is thrown away. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { attachOrStart } from '../../packages/data/src/embedded/embedded.ts';
import { DATABASE, makeDatabase } from '../../packages/data/src/embedded/provision.ts';

export interface PostgresServer extends AsyncDisposable {
  readonly folder: string;
  readonly url: string;
}

export async function postgresServer(): Promise<PostgresServer> {
  const root = mkdtempSync(join(tmpdir(), 'goblin-bench-tasks-'));
  // The server may run as another user.
  chmodSync(root, 0o711);
  const folder = join(root, 'postgres');
  const server = await attachOrStart(folder);
  await server.alone(() => makeDatabase(server));
  const { user, password } = server.superuser;
  const url = new URL(`postgresql://${user}:${password}@localhost/${DATABASE}`);
  url.searchParams.set('host', server.host);
  url.searchParams.set('port', String(server.port));
  return {
    folder,
    url: url.href,
    async [Symbol.asyncDispose]() {
      await server.release();
      rmSync(root, { recursive: true });
    },
  };
}

export function postgresPool(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url });
  pool.on('error', () => {});
  return pool;
}
