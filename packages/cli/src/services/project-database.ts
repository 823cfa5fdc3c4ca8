/** The database of a project, as the commands that operate see it. */
import { randomBytes } from 'node:crypto';
import { createLogger, createTelemetry, secret } from '@goblin/core';
import { type Database, operatorDatabase } from '@goblin/data';
import type { Project } from '@goblin/deploy/project';
import type { Io } from '../command.ts';
import { processConfig } from '../run/process.ts';

/** Yours where DATABASE_URL_FILE names one, else the embedded one, which is started where it does not run.
 * @throws CONFIG_INVALID, DATABASE_UNAVAILABLE, MIGRATION_FAILED */
export async function projectDatabase(project: Project, env: Io['env']): Promise<Database> {
  const identity = { service: 'cli', instance: `cli-${randomBytes(3).toString('hex')}`, version: 'dev' };
  const log = createLogger({ ...identity, level: 'silent' });
  const { DATABASE_URL: url } = processConfig('goblin', project, [], env).read({
    DATABASE_URL: secret({ optional: true }),
  });
  return operatorDatabase({
    dataFolder: project.dataFolder,
    url,
    telemetry: createTelemetry({ ...identity, log, env: {} }),
  });
}
