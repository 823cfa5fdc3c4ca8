/** Joins the mesh of a project as a pure client: it listens nowhere, logs nothing, and sees and calls the peers. */
import { randomBytes } from 'node:crypto';
import { createLogger, createTelemetry } from '@goblin/core';
import type { Project } from '@goblin/deploy/project';
import { httpTransport, joinMesh, localClusterKey, type Mesh } from '@goblin/mesh';
import type { Io } from '../command.ts';
import { findersOf, PROCESS_SETTINGS, processConfig } from '../run/process.ts';

/** @throws CONFIG_INVALID */
export async function joinAsClient(project: Project, env: Io['env']): Promise<Mesh> {
  const identity = { service: 'cli', instance: `cli-${randomBytes(3).toString('hex')}`, version: 'dev' };
  const log = createLogger({ ...identity, level: 'silent' });
  const telemetry = createTelemetry({ ...identity, log, env: {} });
  const { GOBLIN_BEACON, GOBLIN_SEEDS } = PROCESS_SETTINGS;
  const settings = processConfig('goblin', project, [], env).read({ GOBLIN_BEACON, GOBLIN_SEEDS });
  return joinMesh({
    self: {
      instance: identity.instance,
      service: undefined,
      version: identity.version,
      contracts: [],
      address: undefined,
    },
    finders: findersOf(settings),
    clusterKey: await localClusterKey({ cluster: project.model.name, dataFolder: project.dataFolder }),
    telemetry,
    transport: httpTransport(),
  });
}
