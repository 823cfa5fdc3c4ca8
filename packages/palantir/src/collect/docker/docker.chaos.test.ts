/** The collectors of Docker beside a real engine: containers, their health and logs, and a Swarm of one node. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { systemClock } from '@goblin/core';
import { isStale } from '../../sample-rules.ts';
import { openState } from '../../state/state-database.ts';
import type { SwarmState } from '../../swarm/swarm-state.ts';
import { metricOf, running, temporaryFolder, toolsFor, until as untilWithin } from '../testing/collecting.ts';
import { dockerDaemon } from '../testing/docker-daemon.ts';
import { FULL, recordingStore } from '../testing/recording-store.ts';
import { HEALTH_STATUS } from './container-samples.ts';
import { dockerContainers } from './docker-containers.ts';
import { dockerLogs } from './docker-logs.ts';
import { dockerSwarm } from './docker-swarm.ts';

/** A machine may be slow, or busy. */
const TIMEOUT = { timeout: 300_000 };
const WAIT_MS = 60_000;
const MB = 1_024 ** 2;
const found = await dockerDaemon();
const skip = typeof found === 'string' ? found : false;
const docker = typeof found === 'string' ? (undefined as never) : found;

if (!skip) {
  const check =
    'HEALTHCHECK --interval=1s --timeout=5s --retries=1 CMD ["/bin/sh","-c","echo no disk left; test ! -e /sick"]';
  await docker.image('box:2', []);
  await docker.image('checked:1', [check]);
}
after(async () => {
  if (!skip) await docker[Symbol.asyncDispose]();
});

const until = (condition: () => boolean | Promise<boolean>, what: string): Promise<void> =>
  untilWithin(condition, what, WAIT_MS);
const remove = (id: string): Promise<unknown> => docker.call('DELETE', `/containers/${id}?force=1`);

describe('containers', { skip, ...TIMEOUT }, () => {
  test('use, state, restarts and health of containers are told, and those that are gone end', async () => {
    const store = recordingStore();
    const id = await docker.run('tax', 'while true; do :; done', { Image: 'checked:1' });
    await docker.run('failed', 'exit 3');
    await using _ = running(
      dockerContainers(toolsFor(store), { socket: docker.socket, node: 'n1', periodMs: 500 }),
    );
    const tax = {
      node: 'n1',
      service: 'tax',
      container_name: 'tax',
      container_image: 'checked',
      container_version: '1',
    };
    await until(() => store.valueOf('docker_container_cpu_usage_percent', tax)! > 10, 'its CPU is seen');
    assert.ok(store.valueOf('docker_container_mem_usage', tax)! > 10_000);
    assert.ok(store.valueOf('docker_container_mem_limit', tax)! > 1e6);
    assert.equal(store.valueOf('docker_container_state', { ...tax, state: 'running' }), 1);
    assert.ok(
      Math.abs(store.valueOf('docker_container_status_started_at', tax)! / 1e6 - Date.now()) < 600_000,
    );
    await until(
      () => store.valueOf('docker_container_status_exitcode', { service: 'failed' }) === 3,
      'how it ended',
    );
    await until(() => store.valueOf('docker_container_health_healthy', tax) === 1, 'it is healthy');

    await docker.exec(id, 'touch /sick');
    await until(() => store.valueOf('docker_container_health_healthy', tax) === 0, 'it is unhealthy');
    assert.ok(store.valueOf('docker_container_health_failing_streak', tax)! >= 1);
    assert.equal(store.valueOf(HEALTH_STATUS, { ...tax, health_status: 'unhealthy' }), 1);
    assert.ok(
      isStale(Float64Array.of(store.valueOf(HEALTH_STATUS, { ...tax, health_status: 'healthy' })!), 0),
    );
    await until(() => store.logs.length > 0, 'the log says why');
    assert.equal(store.logs[0]?.body, 'the health check of tax fails: no disk left');
    assert.deepEqual([store.logs[0]?.service, store.logs[0]?.severity], ['tax', 17]);

    await remove(id);
    await until(
      () => isStale(Float64Array.of(store.valueOf('docker_container_mem_usage', tax)!), 0),
      'its series end',
    );
    await remove('failed');
  });

  test('where there is no Swarm, the containers are what runs on this machine', async () => {
    const swarm = dockerSwarm({
      socket: docker.socket,
      node: 'n1',
      clock: systemClock,
      shares: () => ({ cpu: 0.5 }),
    });
    const read = (): Promise<SwarmState> => swarm.read(new AbortController().signal);
    const labels = (number: number) => ({
      Labels: { 'com.docker.compose.service': 'web', 'com.docker.compose.container-number': String(number) },
    });
    const ids = [
      await docker.run('shop-web-1', 'sleep 1000', labels(1)),
      await docker.run('shop-web-2', 'sleep 1000', { ...labels(2), Image: 'box:2' }),
      await docker.run('sick', 'touch /sick; sleep 1000', { Image: 'checked:1' }),
      await docker.run('done', 'exit 0'),
      await docker.run('failed', 'exit 3'),
    ];
    const health = async (service: string): Promise<string | undefined> =>
      (await read()).nodes[0]!.instances.find((one) => one.service === service)?.health;
    await until(async () => (await health('sick')) === 'unhealthy', 'the check fails');
    await until(async () => (await health('failed')) === 'stopped', 'it has ended');
    const { nodes, services } = await read();
    assert.deepEqual([nodes[0]?.name, nodes[0]?.role, nodes[0]?.cpu], ['n1', 'machine', 0.5]);
    assert.deepEqual(
      nodes[0]!.instances.map(({ service, slot, version, health }) => [service, slot, version, health]),
      [
        ['failed', 1, '1', 'stopped'],
        ['sick', 1, '1', 'unhealthy'],
        ['web', 1, '1', 'healthy'],
        ['web', 2, '2', 'healthy'],
      ],
    );
    assert.equal(nodes[0]!.instances[1]!.detail, 'no disk left');
    const web = services.find(({ name }) => name === 'web');
    assert.deepEqual([web?.wanted, web?.ready, web?.versions.toSorted()], [2, 2, ['1', '2']]);
    await Promise.all(ids.map(remove));
  });

  test('an engine that cannot be asked is counted, and asked again when it is back', async () => {
    const store = recordingStore();
    const tools = toolsFor(store);
    await using _ = running(dockerContainers(tools, { socket: docker.socket, periodMs: 200 }));
    await until(() => store.samples.length > 0, 'it is asked');
    await docker.stop();
    await until(() => metricOf(tools.metrics, 'collector_failures_total', 'docker') > 0, 'it fails');
    await docker.start();
    const before = store.samples.length;
    await until(() => store.samples.length > before, 'it is asked again');
  });
});

describe('logs', { skip, ...TIMEOUT }, () => {
  /** Numbered lines, and says so in both streams. */
  const count = (from: number, to: number, pause = 0): string =>
    `i=${from}; while [ $i -le ${to} ]; do echo "out $i"; echo "{\\"msg\\":\\"err $i\\",\\"level\\":\\"warn\\"}" >&2; i=$((i+1)); ${pause ? `sleep ${pause};` : ''} done`;

  const bodies = (store: { logs: readonly { body: string }[] }, stream: string): number[] =>
    store.logs.filter(({ body }) => body.startsWith(stream)).map(({ body }) => Number(body.split(' ')[1]));
  const upTo = (to: number): number[] => Array.from({ length: to }, (_, i) => i + 1);

  test('no line is lost or doubled while it stops and starts, the store is full, and containers come and go', async () => {
    using folder = temporaryFolder();
    using state = openState(folder.path);
    const store = recordingStore();
    const start = (): AsyncDisposable =>
      running(dockerLogs({ ...toolsFor(store), state }, { socket: docker.socket, node: 'n1', pollMs: 300 }));
    const old = await docker.run('web-old', `${count(1, 400, 0.01)}; sleep 1000`);
    for (const part of [50, 150, 250]) {
      await using _ = start();
      await until(() => bodies(store, 'err').length >= part, `${part} lines`);
    }
    {
      await using _ = start();
      store.failure = FULL;
      const fresh = await docker.run('web-new', `${count(401, 500)}`);
      await docker.call('POST', `/containers/${fresh}/wait`);
      store.failure = undefined;
      await until(
        () => bodies(store, 'err').length >= 500 && bodies(store, 'out').length >= 500,
        'all lines',
      );
      await remove(fresh);
    }
    const sorted = (stream: string): number[] => bodies(store, stream).sort((a, b) => a - b);
    assert.deepEqual(sorted('out'), upTo(500));
    assert.deepEqual(sorted('err'), upTo(500));
    const line = store.logs.find(({ body }) => body === 'err 7');
    assert.deepEqual(
      [line?.service, line?.severity, line?.attributes['log.iostream']],
      ['web-old', 13, 'stderr'],
    );
    assert.equal(line?.attributes.container_name, 'web-old');
    await remove(old);
  });

  test('a container with a terminal, one that lives shortly, and a line of 40 KB are read as they are', async () => {
    using folder = temporaryFolder();
    using state = openState(folder.path);
    const store = recordingStore();
    await using _ = running(
      dockerLogs({ ...toolsFor(store), state }, { socket: docker.socket, pollMs: 60_000 }),
    );
    const tty = await docker.run('tty', 'echo from a terminal; sleep 1000', { Tty: true });
    const short = await docker.run('short', 'echo gone soon');
    const long = await docker.run(
      'long',
      'i=0; s=x; while [ $i -lt 12 ]; do s=$s$s; i=$((i+1)); done; echo "$s$s$s$s$s$s$s$s$s$s"',
    );
    await until(() => store.logs.length >= 3, 'three lines');
    const texts = store.logs.map(({ body }) => body).sort();
    assert.deepEqual(texts, ['from a terminal', 'gone soon', 'x'.repeat(40_960)]);
    await Promise.all([tty, short, long].map(remove));
  });
});

describe('a Swarm', { skip, ...TIMEOUT }, () => {
  test('slots, versions, failures, scaling and removal are seen as they are', async (t) => {
    const fault = await docker
      .call('POST', '/swarm/init', { ListenAddr: '127.0.0.1:0', AdvertiseAddr: '127.0.0.1' })
      .then(() => undefined, String);
    if (fault !== undefined) return t.skip(`no Swarm can be made here: ${fault}`);
    const source = dockerSwarm({ socket: docker.socket, clock: systemClock });
    const read = (): Promise<SwarmState> => source.read(new AbortController().signal);
    const service = async (): Promise<SwarmState['services'][number] | undefined> =>
      (await read()).services[0];
    const instances = async (): Promise<SwarmState['nodes'][number]['instances']> =>
      (await read()).nodes[0]!.instances;
    const spec = (replicas: number, image: string, script = 'sleep 1000', resources?: object) => ({
      Name: 'web',
      // The host's network: an overlay needs more of a kernel than a test may ask for.
      TaskTemplate: {
        ContainerSpec: { Image: image, Command: ['/bin/sh', '-c', script], StopGracePeriod: 100_000_000 },
        Networks: [{ Target: 'host' }],
        RestartPolicy: { Condition: 'any', Delay: 200_000_000 },
        ...(resources && { Resources: resources }),
      },
      Mode: { Replicated: { Replicas: replicas } },
      UpdateConfig: { Order: 'stop-first', FailureAction: 'continue', Monitor: 100_000_000 },
      EndpointSpec: { Mode: 'dnsrr' },
    });
    const update = async (next: ReturnType<typeof spec>): Promise<void> => {
      const { Version } = await docker.call<{ Version: { Index: number } }>('GET', '/services/web');
      await docker.call('POST', `/services/web/update?version=${Version.Index}`, next);
    };

    await docker.call('POST', '/services/create', spec(2, 'box:1'));
    await until(async () => (await service())?.ready === 2, 'both run');
    const { nodes, services } = await read();
    assert.deepEqual([nodes[0]?.role, services[0]?.wanted, services[0]?.versions], ['manager', 2, ['1']]);
    assert.deepEqual(
      nodes[0]!.instances.map(({ slot, health, isWanted }) => [slot, health, isWanted]),
      [
        [1, 'healthy', true],
        [2, 'healthy', true],
      ],
    );

    assert.deepEqual(services[0]!.resources, { limits: {}, reservations: {} });

    await update(
      spec(2, 'box:2', 'sleep 1000', {
        Limits: { NanoCPUs: 500_000_000, MemoryBytes: 256 * MB },
        Reservations: { MemoryBytes: 16 * MB },
      }),
    );
    await until(async () => {
      const now = await service();
      return now?.ready === 2 && now.versions.join() === '2';
    }, 'the new version runs alone');
    assert.equal((await instances()).length, 2);
    const limited = (await service())!.resources;
    assert.deepEqual(limited, {
      limits: { cpus: 0.5, memoryBytes: 256 * MB },
      reservations: { memoryBytes: 16 * MB },
    });

    await update(spec(1, 'box:2'));
    await until(async () => (await instances()).length === 1, 'one is left');

    await update(spec(1, 'box:2', 'echo broken; exit 7'));
    await until(async () => (await service())!.restarts >= 2, 'failures are counted');
    const [failing] = await instances();
    assert.notEqual(failing?.health, 'healthy');
    assert.equal((await service())?.ready, 0);

    const store = recordingStore();
    {
      await using _ = running(dockerContainers(toolsFor(store), { socket: docker.socket, node: 'n1' }));
      await until(() => store.valueOf('docker_swarm_tasks_desired', { service: 'web' }) === 1, 'the metrics');
    }
    assert.equal(store.valueOf('docker_swarm_node_ready', {}), 1);

    await docker.call('DELETE', '/services/web');
    await until(async () => (await read()).services.length === 0, 'it is gone');
    assert.deepEqual(await instances(), []);
    await docker.call('POST', '/swarm/leave?force=1');
  });
});
