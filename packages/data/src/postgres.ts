/** The database as a module of a service. Without a setting it is the project's embedded PostgreSQL, where every
 * service gets a schema and a role of its own; with DATABASE_URL it is yours. The same schema, migrations and
 * limits in both. */
import { resolve } from 'node:path';
import {
  type Duration,
  type Health,
  type Module,
  type ModuleContext,
  milliseconds,
  secret,
  systemClock,
} from '@goblin/core';
import { startChainer } from './audit/chainer.ts';
import { auditPlace } from './audit/settings.ts';
import { type Database, database } from './database/database.ts';
import { routine } from './database/routine.ts';
import { expireEvents } from './events/expire.ts';
import { backfillTelemetry } from './migrations/backfill-telemetry.ts';
import { type Backfills, startBackfills } from './migrations/backfills.ts';
import { migrate } from './migrations/migrate.ts';
import { migrationsFolder, placed } from './migrations/place.ts';
import { migratePlatform, ownedBy } from './platform/platform.ts';
import { embeddedSource, type Source, urlSource } from './source.ts';
import { expireTasks } from './tasks/expire.ts';

const DEFAULT_STATEMENT_TIMEOUT_MS = 30_000;
const DEFAULT_POOL_SIZE = 10;
const HEALTH_TIMEOUT_MS = 1_500;

export interface PostgresOptions {
  /** The folder of numbered SQL files, as a URL (`new URL('./migrations', import.meta.url)`) or a path from the
   * working folder. What they expand is applied before the service starts, backfills run beside it,
   * and what they contract waits for `goblin db migrate --contract`. Default: none. */
  readonly migrations?: string | URL;
  /** Default: the service's name. */
  readonly schema?: string;
  /** How long a statement may take when the context allows more. Default 30 s. */
  readonly statementTimeout?: Duration;
  /** Connections of this process at most. Default 10. */
  readonly poolSize?: number;
}

/** @example const db = await app.use(postgres({ migrations: new URL('./migrations', import.meta.url) }));
 * @throws DATABASE_UNAVAILABLE, MIGRATION_FAILED */
export function postgres(options: PostgresOptions = {}): Module<Database> {
  const stops = new WeakMap<Database, () => Promise<void>>();
  const postgresModule: Module<Database> = {
    name: options.schema === undefined ? 'postgres' : `postgres ${options.schema}`,
    async start(module) {
      const source = await findSource(module, options.schema ?? module.service);
      try {
        const db = await open(module, source, options);
        const housekeeping = [expireEvents(db), expireTasks(db)];
        const chainer = startChainer(db, auditPlace(module.dataFolder, module.config));
        const backfills = fill(module, source, options);
        stops.set(db, async () => {
          for (const { stop } of housekeeping) stop();
          await backfills?.stop();
          await chainer.stop();
          await db.close();
          await source.release();
        });
        return db;
      } catch (error) {
        await source.release();
        throw error;
      }
    },
    stop: (db) => stops.get(db)?.(),
    health,
  };
  return placed(postgresModule, { migrations: options.migrations, schema: options.schema });
}

function findSource(module: ModuleContext, schema: string): Promise<Source> {
  const { DATABASE_URL: url } = module.config({
    DATABASE_URL: secret({
      optional: true,
      description: 'URL of the PostgreSQL to use instead of the embedded one',
    }),
  });
  return url
    ? urlSource(url.reveal(), schema, module.service)
    : embeddedSource(resolve(module.dataFolder, 'postgres'), schema, module.service);
}

async function open(module: ModuleContext, source: Source, options: PostgresOptions): Promise<Database> {
  const { log } = module.telemetry;
  await migratePlatform(source.owner, log);
  const { migrations } = options;
  if (migrations !== undefined) {
    const { target, schema } = source;
    await migrate({ target, schema, folder: migrationsFolder(migrations), log, lint: true });
  }
  const db = database({
    target: source.target,
    recover: source.recover,
    schema: source.schema,
    telemetry: module.telemetry,
    poolSize: options.poolSize ?? DEFAULT_POOL_SIZE,
    timeoutMs: milliseconds(options.statementTimeout ?? DEFAULT_STATEMENT_TIMEOUT_MS),
  });
  return ownedBy(db, source.owner);
}

/** Rows are filled beside the service: it starts at once, however many there are. */
function fill(
  { telemetry }: ModuleContext,
  source: Source,
  { migrations }: PostgresOptions,
): Backfills | undefined {
  if (migrations === undefined) return undefined;
  const { target, owner, schema } = source;
  const seen = backfillTelemetry(telemetry, schema);
  return startBackfills({
    target,
    owner,
    schema,
    folder: migrationsFolder(migrations),
    log: telemetry.log,
    onStep: ({ name }, step) => seen.step(name, step),
    onFailure: ({ name }) => seen.failed(name),
  });
}

async function health(db: Database): Promise<Health> {
  try {
    await routine(() => db.query('select 1'), { deadline: systemClock.now() + HEALTH_TIMEOUT_MS });
    return { ok: true };
  } catch (error) {
    return { ok: false, detail: (error as Error).message };
  }
}
