/** Where the migrations of a service are: its module says so, for commands that do not start it. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Module } from '@goblin/core';

/** Two copies of this package in one process know each other's modules. */
const PLACE = Symbol.for('goblin.postgres.place');

export interface MigrationsPlace {
  /** The folder; undefined where the service has none. */
  readonly migrations: string | URL | undefined;
  /** Default: the service's name. */
  readonly schema: string | undefined;
}

/** For postgres(): the module says where its migrations are. */
export function placed<T>(module: Module<T>, place: MigrationsPlace): Module<T> {
  return Object.assign(module, { [PLACE]: place });
}

/** Where the migrations of a module are, if it is one that postgres() has made. */
export function migrationsPlaceOf(module: Module): MigrationsPlace | undefined {
  return (module as { [PLACE]?: MigrationsPlace })[PLACE];
}

/** @param base what a path that is not absolute is taken from. Default: the working folder. */
export function migrationsFolder(migrations: string | URL, base: string = process.cwd()): string {
  return migrations instanceof URL ? fileURLToPath(migrations) : resolve(base, migrations);
}
