/** Finds what the services of a project are: their definitions and contracts, from their folders. Loading one runs
 * nothing of it. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Contract, closest, GoblinError, type ServiceDefinition, type ServiceModel } from '@goblin/core';
import type { Project } from '@goblin/deploy/project';

const FILES = ['service.ts', 'service.js', 'service.mjs'];

/** @throws CONFIG_INVALID when the folder has no service. */
export async function loadDefinition(name: string, folder: string): Promise<ServiceDefinition> {
  const file = FILES.map((candidate) => join(folder, candidate)).find((path) => existsSync(path));
  if (file === undefined) {
    throw new GoblinError('CONFIG_INVALID', { message: `${name} has no ${FILES[0]} in ${folder}` });
  }
  const { default: definition } = (await import(pathToFileURL(file).href)) as { default?: ServiceDefinition };
  if (!definition || !('contract' in definition) || !('implementation' in definition)) {
    throw new GoblinError('CONFIG_INVALID', {
      message: `${file} is no service: write \`export default serve(contract, { … })\` in it`,
    });
  }
  return definition;
}

/** @throws NOT_FOUND with the name that was likely meant. */
export function serviceNamed(project: Project, name: string): ServiceModel {
  const { services } = project.model;
  if (Object.hasOwn(services, name)) return services[name]!;
  const meant = closest(name, Object.keys(services));
  const hint = meant ? `did you mean ${meant}?` : `there are ${Object.keys(services).join(', ') || 'none'}`;
  throw new GoblinError('NOT_FOUND', {
    message: `there is no service ${JSON.stringify(name)} in ${project.configFile}: ${hint}`,
  });
}

export interface LoadedService {
  readonly name: string;
  readonly definition: ServiceDefinition;
}

/** The services of ours, all or those that are named. @throws NOT_FOUND, CONFIG_INVALID */
export async function loadServices(project: Project, names: readonly string[]): Promise<LoadedService[]> {
  const models =
    names.length > 0
      ? names.map((name) => serviceNamed(project, name))
      : Object.values(project.model.services);
  return Promise.all(
    models
      .filter((model) => model.kind === 'service')
      .map(async ({ name, from }) => ({
        name,
        definition: await loadDefinition(name, resolve(project.folder, from)),
      })),
  );
}

/** The contract that a service answers, by the name of the service (`tax`) or of the contract (`tax.v1`).
 * @throws NOT_FOUND */
export async function contractNamed(project: Project, name: string): Promise<Contract> {
  const [service = name] = name.split('.');
  if (name === service || Object.hasOwn(project.model.services, service)) {
    const model = serviceNamed(project, service);
    if (model.kind === 'program')
      throw new GoblinError('NOT_FOUND', { message: `${name} is a program: it has no contract` });
    const { contract } = await loadDefinition(service, resolve(project.folder, model.from));
    if (name === service || contract.name === name) return contract;
  }
  const known = (await loadServices(project, [])).map(({ definition }) => definition.contract);
  const found = known.find((contract) => contract.name === name);
  if (found) return found;
  throw new GoblinError('NOT_FOUND', {
    message: `no service of ${project.configFile} answers ${name}; there are ${known.map((contract) => contract.name).join(', ')}`,
  });
}
