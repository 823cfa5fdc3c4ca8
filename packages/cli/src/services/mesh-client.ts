/** Joins the mesh of a project as a pure client: it listens nowhere, logs nothing, and sees and calls the peers. */
import { randomBytes } from 'node:crypto';
import { createLogger, createTelemetry, sleep } from '@goblin/core';
import type { Project } from '@goblin/deploy/project';
import { type Directory, joinMesh, localClusterKey, type Mesh, meshTransport, type Peer } from '@goblin/mesh';
import type { Io } from '../command.ts';
import { findersOf, PROCESS_SETTINGS, processConfig } from '../run/process.ts';

/** Peers answer a newcomer within 50 ms; who has not after this is not there, or hangs. */
const QUIET_MS = 150;
const LONGEST_MS = 1_500;
const LOOK_MS = 25;
/** How many are asked for all they know. */
const TELLERS = 2;

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
    transport: meshTransport({ instance: identity.instance }),
  });
}

/** Resolves when all are known that can be: when members have told all they know, and nobody new has answered for a
 * while. What is then told to all instances of a service misses none. */
export async function everybodyFound(mesh: Mesh): Promise<void> {
  const { directory } = mesh;
  const untilMs = performance.now() + LONGEST_MS;
  let heardAt = performance.now();
  const off = directory.subscribe(() => {
    heardAt = performance.now();
  });
  const asked = new Set<string>();
  while (performance.now() < untilMs) {
    const next = asked.size < TELLERS && tellersOf(directory).find(({ instance }) => !asked.has(instance));
    if (next) {
      asked.add(next.instance);
      // One that has just ended tells nothing; there are others.
      await mesh.contact(next.address!).catch(() => {});
    } else if (directory.peers.length > 1 && performance.now() - heardAt > QUIET_MS) break;
    else await sleep(LOOK_MS);
  }
  off();
}

/** Who runs for longest knows most. */
function tellersOf({ peers }: Directory): Peer[] {
  return peers
    .filter(({ address, contracts }) => address && contracts.length > 0)
    .sort((a, b) => a.startedAt - b.startedAt);
}
