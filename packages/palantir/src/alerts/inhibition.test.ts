import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createChangeLog } from '../changes/change-log.ts';
import { openState } from '../state/state-database.ts';
import { temporaryFolder } from '../store/fixtures/folder.ts';
import { NOON_MS } from '../store/fixtures/telemetry.ts';
import type { SwarmInstance, SwarmState } from '../swarm/swarm-state.ts';
import { DEPLOY_MS, inhibitionAt, NODE_UNSEEN_MS } from './inhibition.ts';
import { swarmSamples } from './swarm-samples.ts';

const instance: SwarmInstance = {
  ...{
    id: 'tax-1',
    service: 'tax',
    slot: 1,
    version: 'a',
    health: 'healthy',
    isWanted: true,
    startedAtMs: 0,
  },
};

function swarm(seenAtMs: number, ready: number, versions: string[] = ['a']): SwarmState {
  return {
    atMs: NOON_MS,
    nodes: [{ name: 'n1', role: 'machine', seenAtMs, instances: [instance] }],
    services: [{ name: 'tax', kind: 'service', wanted: 2, ready, versions, restarts: 7 }],
  };
}

test('a service that is wholly down explains its symptoms, and nothing else', () => {
  using folder = temporaryFolder();
  using state = openState(folder.path);
  const inhibited = inhibitionAt(swarm(NOON_MS, 0), createChangeLog(state), NOON_MS);
  assert.equal(inhibited({ service: 'tax', about: 'errors' }), 'tax is down');
  assert.equal(inhibited({ service: 'tax', about: 'latency' }), 'tax is down');
  assert.equal(inhibited({ service: 'tax', about: 'down' }), undefined);
  assert.equal(inhibited({ service: 'shop', about: 'errors' }), undefined);
  assert.equal(
    inhibited({ service: 'tax' }),
    undefined,
    'a rule that does not say what it is about is not muted',
  );
  const half = inhibitionAt(swarm(NOON_MS, 1), createChangeLog(state), NOON_MS);
  assert.equal(half({ service: 'tax', about: 'errors' }), undefined);
});

test('a node that is not seen explains the alerts of its instances', () => {
  using folder = temporaryFolder();
  using state = openState(folder.path);
  const changes = createChangeLog(state);
  const unseen = inhibitionAt(swarm(NOON_MS - NODE_UNSEEN_MS - 1, 2), changes, NOON_MS);
  assert.equal(unseen({ service: 'tax', instance: 'tax-1' }), 'node n1 is not seen');
  assert.equal(unseen({ service: 'tax', instance: 'tax-2' }), undefined);
  assert.equal(unseen({ node: 'n1', about: 'node' }), undefined, 'that it is not seen is told');
  const seen = inhibitionAt(swarm(NOON_MS - NODE_UNSEEN_MS, 2), changes, NOON_MS);
  assert.equal(seen({ service: 'tax', instance: 'tax-1' }), undefined);
});

test('a deploy explains restarts of that service for 2 minutes, or while several versions run, and nothing else', () => {
  using folder = temporaryFolder();
  using state = openState(folder.path);
  const changes = createChangeLog(state);
  const restarts = { service: 'tax', about: 'restarts' };
  assert.equal(
    inhibitionAt(swarm(NOON_MS, 2, ['a', 'b']), changes, NOON_MS)(restarts),
    'tax is being deployed',
  );
  changes.add({ atMs: NOON_MS, kind: 'scale', service: 'tax', title: '2 → 3' });
  changes.add({ atMs: NOON_MS, kind: 'deploy', service: 'shop', title: 'shop' });
  assert.equal(inhibitionAt(swarm(NOON_MS, 2), changes, NOON_MS)(restarts), undefined);
  changes.add({ atMs: NOON_MS, kind: 'deploy', service: 'tax', title: 'tax: a → b' });
  assert.equal(
    inhibitionAt(swarm(NOON_MS, 2), changes, NOON_MS + DEPLOY_MS)(restarts),
    'tax is being deployed',
  );
  assert.equal(inhibitionAt(swarm(NOON_MS, 2), changes, NOON_MS + DEPLOY_MS + 1)(restarts), undefined);
  assert.equal(
    inhibitionAt(swarm(NOON_MS, 2), changes, NOON_MS)({ service: 'tax', about: 'errors' }),
    undefined,
  );
});

test('the swarm as series: services as they were looked at, nodes by how long they were not heard of', () => {
  const samples = swarmSamples(swarm(NOON_MS - 5_000, 1), NOON_MS + 10_000);
  assert.deepEqual(
    samples.map(({ series: { __name__: name, ...labels }, atMs, value }) => [
      name,
      labels,
      atMs - NOON_MS,
      value,
    ]),
    [
      ['palantir_service_ready', { service: 'tax' }, 0, 1],
      ['palantir_service_wanted', { service: 'tax' }, 0, 2],
      ['palantir_service_restarts_total', { service: 'tax' }, 0, 7],
      ['palantir_node_seen_seconds', { node: 'n1' }, 10_000, 15],
    ],
  );
  assert.equal(swarmSamples(swarm(NOON_MS - 5_000, 1)).at(-1)!.value, 5);
});
