/** The settings of a service with their values as they are now: its own, its modules' and those of every process. */
import { resolve } from 'node:path';
import { type ConfigReader, Secret, type Setting } from '@goblin/core';
import { BACKUP, ownProcesses, PALANTIR, type Project } from '@goblin/deploy/project';
import type { Io } from '../command.ts';
import { PROCESS_SETTINGS, processConfig } from '../run/process.ts';
import { BACKUP_SETTINGS } from './backups.ts';
import { loadDefinition, serviceNamed } from './definition.ts';
import { dryBuild } from './dry-build.ts';
import { PALANTIR_SETTINGS } from './palantir-settings.ts';

export interface ValuedSetting extends Setting {
  /** Undefined when it is missing or wrong. A secret prints as `[secret]`. */
  readonly value: unknown;
}

/** @throws NOT_FOUND, CONFIG_INVALID when the service cannot be loaded. */
export async function settingsOf(project: Project, name: string, env: Io['env']): Promise<ValuedSetting[]> {
  const isOurs = ownProcesses(project.model).includes(name);
  const model = isOurs ? undefined : serviceNamed(project, name);
  const config = processConfig(name, project, [], { ...model?.env, ...env }, true);
  const values: Record<string, unknown> = {};
  const read: ConfigReader = (schemas) => {
    const found = config.read(schemas);
    Object.assign(values, found);
    return found;
  };
  if (model?.kind === 'service') {
    await dryBuild(name, await loadDefinition(name, resolve(project.folder, model.from)), read);
  }
  if (isOurs && name === BACKUP) read(BACKUP_SETTINGS);
  if (isOurs && name === PALANTIR) read(PALANTIR_SETTINGS);
  read(PROCESS_SETTINGS);
  return config.describe().map((setting) => ({ ...setting, value: shown(values[setting.name], setting) }));
}

function shown(value: unknown, setting: Setting): unknown {
  return value instanceof Secret || (setting.secret && value !== undefined) ? '[secret]' : value;
}
