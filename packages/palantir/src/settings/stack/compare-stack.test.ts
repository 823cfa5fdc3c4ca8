import assert from 'node:assert/strict';
import { test } from 'node:test';
import { versionOf } from '../../collect/docker/container-identity.ts';
import type { InstanceHealth, ServiceResources, SwarmInstance, SwarmState } from '../../swarm/swarm-state.ts';
import { compareStack, isVersionOf } from './compare-stack.ts';
import type { Stack, StackService } from './stack.ts';

function service(name: string, more: Partial<StackService> = {}): StackService {
  const image = `registry:5000/${name}:1`;
  return {
    name,
    image,
    mode: 'replicated',
    replicas: 1,
    constraints: [],
    ports: [],
    networks: [],
    labels: {},
    ...more,
  };
}

function stackOf(services: readonly StackService[], name?: string): Stack {
  return { file: 'stack.yaml', services, ...(name !== undefined && { name }) };
}

/** On two nodes, in turn. @param running versions of the instances, by service */
function swarmOf(
  running: Readonly<Record<string, readonly string[]>>,
  health: InstanceHealth = 'healthy',
): SwarmState {
  const instances = Object.entries(running).flatMap(([name, versions]) =>
    versions.map(
      (version, i): SwarmInstance => ({
        ...{
          id: `${name}.${i + 1}`,
          service: name,
          slot: i + 1,
          version,
          health,
          isWanted: true,
          startedAtMs: 0,
        },
      }),
    ),
  );
  const node = (name: string, odd: number): SwarmState['nodes'][number] => ({
    ...{ name, role: 'worker', seenAtMs: 0, instances: instances.filter((_, i) => i % 2 === odd) },
  });
  return {
    atMs: 0,
    nodes: [node('one', 0), node('two', 1)],
    services: Object.entries(running).map(([name, versions]) => ({
      ...{ name, kind: 'container', wanted: versions.length, ready: versions.length, versions, restarts: 0 },
    })),
  };
}

function said(stack: Stack, swarm: SwarmState): string[] {
  return compareStack(stack, swarm).map(({ kind, message }) => `${kind}: ${message}`);
}

test('a swarm that runs what the stack says has no differences', () => {
  const stack = stackOf(
    [service('tax', { replicas: 2 }), service('agent', { mode: 'global', replicas: 1 })],
    'shop',
  );
  assert.deepEqual(
    said(stack, swarmOf({ shop_tax: ['1', '1'], shop_agent: ['1', '1'], other_db: ['9'] })),
    [],
  );
});

test('what is missing, too much, too little, other or unexpected is named, by service', () => {
  const stack = stackOf(
    [
      service('tax', { replicas: 2 }),
      service('web'),
      service('db', { replicas: 3 }),
      service('agent', { mode: 'global' }),
      service('off', { replicas: 0 }),
    ],
    'shop',
  );
  const swarm = swarmOf({
    shop_tax: ['1', '2'],
    shop_db: ['1'],
    shop_agent: ['1'],
    shop_off: ['1'],
    shop_old: ['7', '7'],
  });
  assert.deepEqual(said(stack, swarm), [
    'count: shop_agent should run 2 times, and runs once',
    'count: shop_db should run 3 times, and runs once',
    'count: shop_off should run 0 times, and runs once',
    'unexpected: shop_old runs 2 times, and is not in the stack',
    'image: shop_tax should run registry:5000/tax:1, and 2 runs',
    'missing: shop_web should run (once), and does not',
  ]);
});

test('limits and reservations that differ are named with both values, those that are the same are not', () => {
  const withResources = (swarm: SwarmState, resources: ServiceResources): SwarmState => ({
    ...swarm,
    services: swarm.services.map((one) => ({ ...one, resources })),
  });
  const MB = 1_024 ** 2;
  const limits = { cpus: 0.5, memoryBytes: 512 * MB };
  const tax = service('tax', { resources: { limits, reservations: {} } });
  const swarm = swarmOf({ tax: ['1'] });
  assert.deepEqual(said(stackOf([tax]), swarm), [], 'what is not known is not compared');
  assert.deepEqual(said(stackOf([tax]), withResources(swarm, tax.resources!)), []);
  assert.deepEqual(
    compareStack(
      stackOf([tax]),
      withResources(swarm, {
        limits: { cpus: 0.5, memoryBytes: 1_536 * MB },
        reservations: { cpus: 2, memoryBytes: MB + 1 },
      }),
    ),
    [
      {
        service: 'tax',
        kind: 'resources',
        wanted: 'memory limit 512 MiB, reserved CPU none, reserved memory none',
        found: 'memory limit 1536 MiB, reserved CPU 2, reserved memory 1048577 bytes',
        message:
          'tax should run with memory limit 512 MiB, reserved CPU none, reserved memory none, and runs with memory limit 1536 MiB, reserved CPU 2, reserved memory 1048577 bytes',
      },
    ],
  );
  const unlimited = { limits: {}, reservations: {} };
  assert.deepEqual(said(stackOf([tax]), withResources(swarm, unlimited)), [
    'resources: tax should run with CPU limit 0.5, memory limit 512 MiB, and runs with CPU limit none, memory limit none',
  ]);
  assert.deepEqual(
    said(stackOf([service('tax')]), withResources(swarm, { ...unlimited, limits: { cpus: 1 } })),
    ['resources: tax should run with CPU limit none, and runs with CPU limit 1'],
  );
  const nothing = withResources(swarmOf({ tax: [] }), unlimited);
  assert.deepEqual(said(stackOf([{ ...tax, replicas: 0 }]), nothing), [], 'nothing of it runs');
});

test('stopped instances do not run', () => {
  assert.deepEqual(said(stackOf([service('tax')]), swarmOf({ tax: ['1'] }, 'stopped')), [
    'missing: tax should run (once), and does not',
  ]);
});

test('a stack without a name is compared by the names of its services, and claims nothing else', () => {
  assert.deepEqual(said(stackOf([service('tax')]), swarmOf({ tax: ['1'], other: ['1'] })), []);
  assert.deepEqual(said(stackOf([service('tax')], 'shop'), swarmOf({ tax: ['1'] })), []);
});

test('jobs end, and what cannot be known is not claimed', () => {
  const stack = stackOf([
    service('job', { mode: 'replicated-job' }),
    service('some', { mode: 'global', constraints: ['node.role == manager'] }),
    { ...service('any'), image: undefined } as unknown as StackService,
  ]);
  assert.deepEqual(said(stack, swarmOf({ some: ['1'], any: ['17'] })), []);
});

test('versions are compared with images as engines tell them', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const cases: readonly (readonly [image: string, version: string, isSame: boolean])[] = [
    ['tax:1.4', '1.4', true],
    ['tax:1.4', '1.5', false],
    ['registry:5000/shop/tax:1.4', '1.4', true],
    [`tax:1.4@${digest}`, '1.4', true],
    ['tax', 'latest', true],
    ['tax:latest', 'a'.repeat(12), true],
    ['registry:5000/tax', '2.0', true],
    [`tax@${digest}`, 'a'.repeat(12), true],
    [`tax@${digest}`, 'b'.repeat(12), false],
    [`tax:latest@${digest}`, '2.0', true],
  ];
  for (const image of ['tax:1.4', `tax:1.4@${digest}`, `tax@${digest}`, 'tax', 'registry:5000/tax'])
    assert.ok(isVersionOf(image, versionOf(image)), image);
  for (const [image, version, isSame] of cases)
    assert.equal(isVersionOf(image, version), isSame, `${image} ${version}`);
});
