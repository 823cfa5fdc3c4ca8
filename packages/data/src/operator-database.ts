/** The database as who owns it sees it, for commands that operate: all services' rows of what they share. */
import { join } from 'node:path';
import type { Secret, Telemetry } from '@goblin/core';
import { type Database, database } from './database/database.ts';
import { attachOrStart } from './embedded/embedded.ts';
import { makeDatabase, superuserConfig } from './embedded/provision.ts';
import { migratePlatform, ownedBy } from './platform/platform.ts';
import { type Source, urlSource } from './source.ts';

/** Commands read a lot, and a person waits. */
const STATEMENT_TIMEOUT_MS = 600_000;
const POOL_SIZE = 2;
/** Names without a prefix stand for nothing in particular. */
const SCHEMA = 'public';
const NAME = 'goblin-command';

export interface OperatorOptions {
  /** That of the project. */
  readonly dataFolder: string;
  /** Of your own PostgreSQL; its role sees what it may see. Without one it is the embedded one, which is started where it does
   * not run, and its superuser. */
  readonly url: Secret | undefined;
  readonly telemetry: Telemetry;
}

/** @throws DATABASE_UNAVAILABLE, MIGRATION_FAILED */
export async function operatorDatabase({ dataFolder, url, telemetry }: OperatorOptions): Promise<Database> {
  const source = url
    ? await urlSource(url.reveal(), SCHEMA, NAME)
    : await embeddedOwner(join(dataFolder, 'postgres'));
  const { owner, recover } = source;
  try {
    await migratePlatform(owner, telemetry.log);
  } catch (error) {
    await source.release();
    throw error;
  }
  const db = database({
    target: owner,
    recover,
    schema: SCHEMA,
    telemetry,
    poolSize: POOL_SIZE,
    timeoutMs: STATEMENT_TIMEOUT_MS,
  });
  const closePool = db.close;
  const close = async (): Promise<void> => {
    await closePool();
    await source.release();
  };
  return ownedBy(Object.assign(db, { close, [Symbol.asyncDispose]: close }), owner);
}

async function embeddedOwner(folder: string): Promise<Pick<Source, 'owner' | 'recover' | 'release'>> {
  const server = await attachOrStart(folder);
  try {
    await server.alone(() => makeDatabase(server));
  } catch (error) {
    await server.release();
    throw error;
  }
  const where = `the embedded PostgreSQL in ${server.place.folder}`;
  const owner = { where, config: () => ({ ...superuserConfig(server), application_name: NAME }) };
  return { owner, recover: server.revive, release: server.release };
}
