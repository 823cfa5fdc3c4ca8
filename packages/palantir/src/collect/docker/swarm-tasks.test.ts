import assert from 'node:assert/strict';
import test from 'node:test';
import type { SwarmNodeEntry, SwarmServiceEntry, SwarmTaskEntry } from './docker-answers.ts';
import { failureCounts } from './failure-counts.ts';
import { instancesOf, type KnownHealth, type PlacedInstance } from './swarm-tasks.ts';

const SERVICES = new Map<string, SwarmServiceEntry>([
  ['s1', { ID: 's1', Spec: { Name: 'web', Mode: { Replicated: { Replicas: 2 } } } }],
  ['s2', { ID: 's2', Spec: { Name: 'agent', Mode: { Global: {} } } }],
]);

function node(ID: string, State = 'ready'): [string, SwarmNodeEntry] {
  const Spec = { Role: 'worker', Availability: 'active' };
  return [
    ID,
    {
      ID,
      UpdatedAt: '2026-11-21T08:00:00Z',
      Spec,
      Description: { Hostname: `host-${ID}` },
      Status: { State },
    },
  ];
}

let made = 0;
function task(
  ID: string,
  [DesiredState, State]: readonly [string, string],
  { NodeID = 'n1', Slot = 1, image = 'web:1', Err = '', ServiceID = 's1' } = {},
): SwarmTaskEntry {
  made += 1;
  return {
    ID,
    CreatedAt: `2026-11-21T08:00:${String(made % 60).padStart(2, '0')}.000000000Z`,
    ServiceID,
    NodeID,
    DesiredState,
    Spec: { ContainerSpec: { Image: image } },
    Status: { Timestamp: '2026-11-21T08:01:00Z', State, Message: State, ...(Err && { Err }) },
    ...(Slot > 0 && { Slot }),
  };
}

function shown(
  tasks: readonly SwarmTaskEntry[],
  nodes = new Map([node('n1'), node('n2')]),
  healthOf: (name: string) => KnownHealth | undefined = () => undefined,
): PlacedInstance[] {
  made = 0;
  return instancesOf(tasks, SERVICES, nodes, healthOf);
}

const RUNNING = ['running', 'running'] as const;
const REPLACED = ['shutdown', 'shutdown'] as const;

test('of each slot the newest task counts, and those before it are not shown', () => {
  const found = shown([
    task('a', ['shutdown', 'failed'], { Err: 'exit 1' }),
    task('b', ['shutdown', 'failed'], { Err: 'exit 1' }),
    task('c', RUNNING),
    task('d', RUNNING, { Slot: 2 }),
  ]);
  assert.deepEqual(
    found.map(({ id, slot, health, isWanted }) => [id, slot, health, isWanted]),
    [
      ['c', 1, 'healthy', true],
      ['d', 2, 'healthy', true],
    ],
  );
});

test('a task that Swarm still calls running on a dead node is shown as stopped, with the reason', () => {
  const nodes = new Map([node('n1'), node('n2', 'down')]);
  const [lost] = shown([task('a', RUNNING, { NodeID: 'n2' })], nodes);
  assert.deepEqual(
    [lost?.health, lost?.detail, lost?.isReady],
    ['stopped', 'the node host-n2 is down', false],
  );
  // Swarm moves it: the one that is left behind keeps its state for ever, and must not show.
  const moved = shown([task('a', ['shutdown', 'running'], { NodeID: 'n2' }), task('b', RUNNING)], nodes);
  assert.deepEqual(
    moved.map(({ id, nodeId, isReady }) => [id, nodeId, isReady]),
    [['b', 'n1', true]],
  );
});

test('a task that failed, cannot be placed, or is refused says why', () => {
  const [failed] = shown([task('a', ['shutdown', 'failed'], { Err: 'task: non-zero exit (1)' })]);
  assert.deepEqual(
    [failed?.health, failed?.isWanted, failed?.detail],
    ['stopped', true, 'task: non-zero exit (1)'],
  );
  const [refused] = shown([task('a', ['shutdown', 'rejected'], { Err: 'No such image: web:2' })]);
  assert.deepEqual([refused?.health, refused?.detail], ['stopped', 'No such image: web:2']);
  const [waits] = shown([task('a', ['running', 'pending'], { NodeID: '', Err: 'no suitable node' })]);
  assert.deepEqual([waits?.health, waits?.detail], ['starting', 'no suitable node']);
  const [restarting] = shown([task('a', ['shutdown', 'failed']), task('b', ['ready', 'ready'])]);
  assert.deepEqual([restarting?.id, restarting?.health, restarting?.isWanted], ['b', 'starting', true]);
});

test('while the new one starts first, the slot is ready by the old one and shows the new version', () => {
  const [slot] = shown([
    task('a', RUNNING),
    task('b', ['running', 'starting'], { image: 'web:2@sha256:ab' }),
  ]);
  assert.deepEqual([slot?.id, slot?.version, slot?.health, slot?.isReady], ['b', '2', 'starting', true]);
});

test('what was scaled down shows while it still runs, and then no more; nor what has completed', () => {
  const [leaving] = shown([task('a', ['remove', 'running'], { Slot: 3 })]);
  assert.deepEqual([leaving?.isWanted, leaving?.isReady], [false, false]);
  assert.deepEqual(shown([task('a', REPLACED), task('b', ['shutdown', 'complete'], { Slot: 2 })]), []);
  assert.deepEqual(shown([task('a', RUNNING, { ServiceID: 'gone' })]), []);
});

test('a global service has an instance on each node', () => {
  const found = shown([
    task('a', RUNNING, { ServiceID: 's2', Slot: 0 }),
    task('b', RUNNING, { ServiceID: 's2', Slot: 0, NodeID: 'n2' }),
    task('c', RUNNING, { ServiceID: 's2', Slot: 0, NodeID: 'n2' }),
  ]);
  assert.deepEqual(
    found.map(({ id, nodeId, slot }) => [id, nodeId, slot]),
    [
      ['a', 'n1', 1],
      ['c', 'n2', 1],
    ],
  );
});

test('health that Swarm does not tell is joined by the name of the container', () => {
  const asked: string[] = [];
  const [sick] = shown([task('a', RUNNING)], undefined, (name) => {
    asked.push(name);
    return { health: 'unhealthy', detail: 'no database' };
  });
  assert.deepEqual(asked, ['web.1.a']);
  assert.deepEqual([sick?.health, sick?.detail, sick?.isReady], ['unhealthy', 'no database', false]);
});

test('restarts are counted since it looks, each once', () => {
  const counts = failureCounts();
  const failed = (id: string): SwarmTaskEntry => task(id, ['shutdown', 'failed']);
  counts.see([failed('a')]);
  assert.equal(counts.of('s1'), 0);
  counts.see([failed('a'), failed('b')]);
  counts.see([failed('b'), failed('c'), task('d', RUNNING)]);
  assert.equal(counts.of('s1'), 2);
});
