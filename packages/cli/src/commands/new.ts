/** `goblin new badge`: the folder of a service with everything that belongs to one, and its line in the config file. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { GoblinError } from '@goblin/core';
import type { Project } from '@goblin/deploy/project';
import { type CommandContext, UsageError } from '../command.ts';
import { withService } from '../scaffold/config-entry.ts';
import { scaffold } from '../scaffold/files.ts';

const NAME = /^[a-z][a-z0-9-]{0,62}$/;

export async function run(context: CommandContext): Promise<void> {
  const [name] = context.positionals;
  if (name === undefined) throw new UsageError('name the service: goblin new badge');
  if (!NAME.test(name))
    throw new UsageError(
      `${JSON.stringify(name)} is no service name: write lower-case letters, digits and dashes, a letter first`,
    );
  const project = await context.project();
  const folder = join(project.folder, 'services', name);
  checkFree(project, name, folder);
  mkdirSync(folder, { recursive: true });
  const files = Object.entries(scaffold(name)).map(([file, text]) => {
    const path = join(folder, file);
    writeFileSync(path, text);
    return relative(context.io.cwd, path);
  });
  const configFile = relative(context.io.cwd, project.configFile);
  const isAdded = addToConfig(project, name);
  if (context.flag('json')) return context.printJson({ service: name, files, configFile, isAdded });
  for (const file of files) context.print(`wrote   ${file}`);
  context.print(
    isAdded
      ? `changed ${configFile}`
      : `add to the services in ${configFile}:  ${name}: './services/${name}',`,
  );
  if (!canImport(project, 'zod')) context.print('the contract needs zod: npm install zod');
  context.print(
    `\nnext: node --test ${files.find((file) => file.endsWith('.test.ts'))}\n      goblin up    (one that runs picks it up)\n      goblin call ${name} hello '{"name":"you"}'`,
  );
}

function checkFree(project: Project, name: string, folder: string): void {
  const taken = Object.hasOwn(project.model.services, name) || name === 'edge';
  if (taken)
    throw new GoblinError('ALREADY_EXISTS', { message: `the app model has a service ${name} already` });
  if (existsSync(folder)) throw new GoblinError('ALREADY_EXISTS', { message: `${folder} exists already` });
}

function addToConfig({ configFile }: Project, name: string): boolean {
  const changed = withService(readFileSync(configFile, 'utf8'), name);
  if (changed !== undefined) writeFileSync(configFile, changed);
  return changed !== undefined;
}

function canImport({ configFile }: Project, specifier: string): boolean {
  try {
    createRequire(configFile).resolve(specifier);
    return true;
  } catch {
    return false;
  }
}
