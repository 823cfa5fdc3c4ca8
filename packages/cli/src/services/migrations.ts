/** Where the services of a project keep their tables, and from which folders they are migrated: found by building each service without
 * running it, and looking at the modules that it uses. */
import { randomBytes } from 'node:crypto';
import { type ConfigReader, createLogger, GoblinError, type Module, type Secret, secret } from '@goblin/core';
import {
  type MigrationsPlace,
  migrationsFolder,
  migrationsPlaceOf,
  type ServiceMigrations,
  serviceMigrations,
} from '@goblin/data';
import type { Project } from '@goblin/deploy/project';
import type { Io } from '../command.ts';
import { processConfig } from '../run/process.ts';
import { loadServices } from './definition.ts';
import { dryBuild } from './dry-build.ts';

export interface ServicePlace {
  readonly service: string;
  readonly schema: string;
  /** Undefined where it has no migrations. */
  readonly folder: string | undefined;
  readonly url: Secret | undefined;
}

/** @param names those that are named, or all that use postgres(). @throws NOT_FOUND, CONFIG_INVALID; FAILED_PRECONDITION for a
 * service that is named and does not use it */
export async function servicePlaces(
  project: Project,
  names: readonly string[],
  env: Io['env'],
): Promise<ServicePlace[]> {
  const places: ServicePlace[] = [];
  for (const { name, definition } of await loadServices(project, names)) {
    const found: MigrationsPlace[] = [];
    const config = processConfig(name, project, [], { ...project.model.services[name]?.env, ...env }, true);
    const read: ConfigReader = config.read;
    const onModule = (module: Module): void => {
      const place = migrationsPlaceOf(module);
      if (place) found.push(place);
    };
    await dryBuild(name, definition, read, onModule);
    const { DATABASE_URL: url } = config.read({ DATABASE_URL: secret({ optional: true }) });
    if (found.length === 0 && names.length > 0) {
      throw new GoblinError('FAILED_PRECONDITION', { message: `${name} does not use postgres()` });
    }
    for (const { migrations, schema } of found) {
      const folder = migrations === undefined ? undefined : migrationsFolder(migrations, project.folder);
      places.push({ service: name, schema: schema ?? name, folder, url });
    }
  }
  return places;
}

/** @throws DATABASE_UNAVAILABLE */
export function openPlace(project: Project, place: ServicePlace): Promise<ServiceMigrations> {
  const instance = `cli-${randomBytes(3).toString('hex')}`;
  const log = createLogger({ service: 'cli', instance, version: 'dev', level: 'silent' });
  return serviceMigrations({ ...place, dataFolder: project.dataFolder, log });
}
