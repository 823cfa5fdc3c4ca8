/** The migrations of one service, for commands: they look at them, and run them, without starting the service. */
import { join } from 'node:path';
import type { Logger, Secret } from '@goblin/core';
import { embeddedSource, type Source, urlSource } from '../source.ts';
import type { BackfillStep } from './backfill.ts';
import { fillPending } from './backfills.ts';
import { migrate } from './migrate.ts';
import { type MigrationFile, migrationFailed } from './migration-files.ts';
import { type MigrationStatus, migrationPlan, migrationStatus, type PlannedMigration } from './overview.ts';
import { type PsqlCall, psqlCall } from './psql.ts';
import { openSession } from './session.ts';

export interface ServiceMigrationsOptions {
  readonly service: string;
  readonly schema: string;
  /** Without one there is nothing to migrate. */
  readonly folder: string | undefined;
  /** That of the project. */
  readonly dataFolder: string;
  /** Of your own PostgreSQL; without one it is the embedded one, which is started where it does not run. */
  readonly url: Secret | undefined;
  readonly log: Logger;
}

export interface MigrationRunOptions {
  readonly contract?: boolean;
  readonly signal?: AbortSignal;
  /** A file that begins, and then how far a backfill is. */
  readonly onStep?: (file: MigrationFile, step: BackfillStep | undefined) => void;
}

export interface ServiceMigrations extends AsyncDisposable {
  readonly schema: string;
  /** For a person: where the database is. */
  readonly where: string;
  status(): Promise<MigrationStatus>;
  plan(): Promise<PlannedMigration[]>;
  /** Applies what expands, and with `contract` what contracts; answers how many files. */
  migrate(options?: MigrationRunOptions): Promise<number>;
  /** Runs backfills to their end; answers false when another process is at it. */
  backfill(options?: MigrationRunOptions): Promise<boolean>;
  /** How to call psql on it. */
  psql(): PsqlCall;
}

/** @throws DATABASE_UNAVAILABLE */
export async function serviceMigrations(options: ServiceMigrationsOptions): Promise<ServiceMigrations> {
  const { schema, service, log } = options;
  const source: Source = options.url
    ? await urlSource(options.url.reveal(), schema, service)
    : await embeddedSource(join(options.dataFolder, 'postgres'), schema, service);
  const { target, owner } = source;
  const folder = (): string => {
    if (options.folder !== undefined) return options.folder;
    throw migrationFailed(`${service} has no migrations: give postgres({ migrations }) their folder`);
  };
  return {
    schema,
    where: target.where,
    async status() {
      await using client = await openSession(target);
      return await migrationStatus(client, schema, folder());
    },
    async plan() {
      await using client = await openSession(target);
      return await migrationPlan(client, schema, folder());
    },
    migrate: (run = {}) => migrate({ target, owner, schema, folder: folder(), log, ...run }),
    backfill: ({ signal = new AbortController().signal, onStep } = {}) =>
      fillPending({ target, owner, schema, folder: folder(), log, onStep }, signal),
    psql: () => psqlCall(target.config(), schema),
    [Symbol.asyncDispose]: () => source.release(),
  };
}
