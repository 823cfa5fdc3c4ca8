import assert from 'node:assert/strict';
import test from 'node:test';
import { identityOf, imageName, versionOf } from './container-identity.ts';
import type { ContainerEntry } from './docker-answers.ts';

const DIGEST = 'sha256:cf99415106232f0df0142baf555e58a7ee257d947082121629918471eb4a2a6c';

function entry(
  Names: string[] | null,
  Labels: Record<string, string> | null,
  Image = 'tax:1.4',
): ContainerEntry {
  return { Id: '98cd371db39c55ba', Names, Image, Created: 0, State: 'running', Status: 'Up', Labels };
}

test('the version is the tag, where it says something; else the label, else the digest', () => {
  assert.equal(versionOf('tax:1.4'), '1.4');
  assert.equal(versionOf(`registry:5000/shop/tax:1.4@${DIGEST}`), '1.4');
  assert.equal(versionOf(`registry:5000/shop/tax@${DIGEST}`), 'cf9941510623');
  assert.equal(versionOf(`tax:latest@${DIGEST}`, '2.0'), '2.0');
  assert.equal(versionOf(`tax:latest@${DIGEST}`), 'cf9941510623');
  assert.equal(versionOf(DIGEST), 'cf9941510623');
  assert.equal(versionOf('registry:5000/tax'), 'latest');
  assert.equal(imageName(`registry:5000/shop/tax:1.4@${DIGEST}`), 'registry:5000/shop/tax');
  assert.equal(imageName('registry:5000/tax'), 'registry:5000/tax');
});

test('service and slot are those of Swarm, of Compose, or of the container alone', () => {
  const swarm = {
    'com.docker.swarm.service.name': 'shop.web',
    'com.docker.swarm.task.name': 'shop.web.2.9t8sy9nnriwjcm3wqyylvrgzi',
  };
  const { service, slot, version } = identityOf(entry(['/shop.web.2.9t8sy9'], swarm));
  assert.deepEqual([service, slot, version], ['shop.web', 2, '1.4']);
  const compose = { 'com.docker.compose.service': 'db', 'com.docker.compose.container-number': '3' };
  const composed = identityOf(entry(['/shop-db-3'], compose));
  assert.deepEqual([composed.name, composed.service, composed.slot], ['shop-db-3', 'db', 3]);
  const alone = identityOf(entry(['/other/db', '/redis'], null));
  assert.deepEqual([alone.name, alone.service, alone.slot], ['redis', 'redis', 1]);
  assert.equal(identityOf(entry(null, null)).name, '98cd371db39c');
  const global = { ...swarm, 'com.docker.swarm.task.name': 'shop.web.ccxgmwqd2d9ve2cld3i68wdw8.9t8sy9' };
  assert.equal(identityOf(entry(['/a'], global)).slot, 1);
});
