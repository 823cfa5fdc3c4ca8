/** A Swarm of two nodes, two real engines: what its manager shows of a container on the other node. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { systemClock } from '@goblin/core';
import type { SwarmInstance } from '../../swarm/swarm-state.ts';
import { running, toolsFor, until } from '../testing/collecting.ts';
import { type DockerDaemon, dockerDaemon } from '../testing/docker-daemon.ts';
import { recordingStore } from '../testing/recording-store.ts';
import { dockerContainers } from './docker-containers.ts';
import { dockerSwarm } from './docker-swarm.ts';
import { toldHealth } from './told-health.ts';

const WAIT_MS = 60_000;
const SECOND_NS = 1e9;

const manager = await dockerDaemon();
const worker = typeof manager === 'string' ? manager : await dockerDaemon(manager.network);
after(async () => {
  for (const docker of [worker, manager]) if (typeof docker !== 'string') await docker[Symbol.asyncDispose]();
});

async function joined(manager: DockerDaemon, worker: DockerDaemon): Promise<void> {
  const place = (host: string) => ({ ListenAddr: `${host}:2377`, AdvertiseAddr: host });
  await manager.call('POST', '/swarm/init', place('127.0.0.1'));
  const { JoinTokens } = await manager.call<{ JoinTokens: { Worker: string } }>('GET', '/swarm');
  const join = { RemoteAddrs: ['127.0.0.1:2377'], JoinToken: JoinTokens.Worker };
  await worker.call('POST', '/swarm/join', { ...place('127.0.0.2'), ...join });
}

test("a container on another node that is sick is shown so, as that node's collector tells it", {
  timeout: 300_000,
}, async (t) => {
  if (typeof manager === 'string' || typeof worker === 'string') return t.skip(String(worker));
  const fault = await joined(manager, worker).then(() => undefined, String);
  if (fault !== undefined) return t.skip(`no Swarm can be made here: ${fault}`);
  await worker.image('checked:1', [
    'HEALTHCHECK --interval=1s --timeout=5s --retries=1 CMD ["/bin/sh","-c","test ! -e /sick"]',
  ]);

  const store = recordingStore();
  await using _ = running(
    dockerContainers(toolsFor(store), { socket: worker.socket, node: 'n2', periodMs: 300 }),
  );
  const swarm = dockerSwarm({
    socket: manager.socket,
    clock: systemClock,
    toldHealth: toldHealth(store, systemClock),
  });
  const shown = async (): Promise<SwarmInstance | undefined> => {
    const { nodes } = await swarm.read(new AbortController().signal);
    return nodes.find(({ role }) => role === 'worker')?.instances[0];
  };
  await manager.call('POST', '/services/create', {
    Name: 'web',
    TaskTemplate: {
      // Swarm ends what is sick; one that does not listen is there for so long.
      ContainerSpec: {
        Image: 'checked:1',
        Command: ['/bin/sleep', '1000'],
        StopGracePeriod: 120 * SECOND_NS,
      },
      Networks: [{ Target: 'host' }],
      Placement: { Constraints: ['node.role==worker'] },
    },
    Mode: { Replicated: { Replicas: 1 } },
    EndpointSpec: { Mode: 'dnsrr' },
  });
  await until(async () => (await shown())?.health === 'healthy', 'it runs', WAIT_MS);
  const id = (await shown())!.id;
  const [container] = await worker.call<{ Id: string }[]>('GET', '/containers/json');
  await worker.exec(container!.Id, 'touch /sick');
  await until(async () => (await shown())?.health === 'unhealthy', 'it is sick', WAIT_MS);
  const sick = (await shown())!;
  assert.deepEqual([sick.id, sick.service, sick.slot], [id, 'web', 1]);
  assert.equal(sick.detail, 'its health check fails');
  const { services } = await swarm.read(new AbortController().signal);
  assert.deepEqual([services[0]?.wanted, services[0]?.ready], [1, 0]);
});
