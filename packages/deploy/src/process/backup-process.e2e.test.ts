import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { isGoblinError } from '@goblin/core';
import { ask, isAlive, testEngine, testProject } from '../testing/test-project.ts';

const BACKUP = { to: './backups' };

test('the backup of the model is a process that is watched over like a service, and only one', async () => {
  using project = testProject([], { backup: BACKUP });
  project.write('backup', 'one');
  await using engine = await testEngine(project);
  const [before] = await engine.ready('backup');
  assert.equal(engine.service('backup').kind, 'backup');
  await assert.rejects(engine.scale({ backup: 2 }), (error) => {
    assert.ok(isGoblinError(error, 'INVALID_INPUT'));
    assert.match(error.message, /0 to 1 \(one process makes the backups\)/);
    return true;
  });
  await assert.rejects(ask(before!, '/crash'));
  await engine.until(() => engine.service('backup').restarts === 1 && engine.service('backup').ready === 1);
  project.write('backup', 'unwell');
  await engine.restart('backup');
  await engine.until(() => engine.service('backup').state === 'unhealthy');
});

test('the backup ends after the services, so that it has what they wrote last', async () => {
  using project = testProject(['tax'], { backup: BACKUP });
  project.write('backup', 'one');
  project.write('tax', 'stubborn');
  const engine = await testEngine(project);
  const [tax] = await engine.ready('tax');
  const [backup] = await engine.ready('backup');
  const stopping = engine.stop();
  await engine.until(() => engine.service('tax').instances[0]?.state === 'draining');
  assert.equal(engine.service('backup').instances[0]?.state, 'ready');
  await stopping;
  assert.deepEqual([isAlive(tax!.pid), isAlive(backup!.pid)], [false, false]);
});

test('the backup comes, changes and goes with the model while the services run', async () => {
  using project = testProject(['tax']);
  project.write('backup', 'one');
  const { configFile } = project.project;
  const services = { tax: project.project.model.services.tax };
  const write = (backup: object | undefined): void =>
    writeFileSync(
      configFile,
      `export default ${JSON.stringify({ name: 'test', services, secrets: [], backup })};`,
    );
  write(undefined);
  await using engine = await testEngine(project, true);
  const [tax] = await engine.ready('tax');
  write(BACKUP);
  await engine.until(() => engine.status().services.some(({ service }) => service === 'backup'));
  const [first] = await engine.ready('backup');
  write({ ...BACKUP, every: '1h' });
  await engine.until(() => engine.service('backup').instances[0]?.instance !== first!.instance);
  await engine.ready('backup');
  write(undefined);
  await engine.until(() => engine.status().services.every(({ service }) => service !== 'backup'));
  assert.deepEqual(await engine.ready('tax'), [engine.service('tax').instances[0]]);
  assert.equal(engine.service('tax').instances[0]?.instance, tax!.instance);
});
