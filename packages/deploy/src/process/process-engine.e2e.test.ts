import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isGoblinError } from '@goblin/core';
import { controlClient } from '../control/control-client.ts';
import { controlSocketPath } from '../control/socket-path.ts';
import { logsFolder } from '../logs/log-collector.ts';
import { ask, isAlive, testEngine, testProject } from '../testing/test-project.ts';

test('every service of the model runs, as often as the model says', async () => {
  using project = testProject(['shop', 'tax']);
  await using engine = await testEngine(project);
  const [shop] = await engine.ready('shop');
  assert.equal(await ask(shop!), 'one');
  await engine.ready('tax');
});

test('an instance that crashes is started again at once, and is counted', async () => {
  using project = testProject(['tax']);
  await using engine = await testEngine(project);
  const [before] = await engine.ready('tax');
  await assert.rejects(ask(before!, '/crash'));
  await engine.until(() => engine.service('tax').restarts === 1 && engine.service('tax').ready === 1);
  const [after] = await engine.ready('tax');
  assert.notEqual(after!.instance, before!.instance);
  assert.ok(engine.records.some(({ msg }) => /exited with code 7; it starts again/.test(msg)));
});

test('an instance that is killed comes back', async () => {
  using project = testProject(['tax']);
  await using engine = await testEngine(project);
  const [before] = await engine.ready('tax');
  process.kill(before!.pid!, 'SIGKILL');
  await engine.until(() => engine.service('tax').restarts === 1 && engine.service('tax').ready === 1);
});

test('a service that cannot start is shown as failing, with what it said', async () => {
  using project = testProject(['tax']);
  project.write('tax', 'broken');
  await using engine = await testEngine(project);
  await engine.until(() => engine.service('tax').state === 'failing');
  await engine.until(() => engine.service('tax').detail === 'tax does not compile');
});

test('an instance whose health check fails is shown as unhealthy, with the check, and runs on', async () => {
  using project = testProject(['tax']);
  project.write('tax', 'unwell');
  await using engine = await testEngine(project);
  await engine.until(() => {
    const { state, detail } = engine.service('tax');
    return state === 'unhealthy' && detail === 'database: gone';
  });
  assert.equal(engine.service('tax').restarts, 0);
});

test('scaling up starts instances and scaling down drains them', async () => {
  using project = testProject(['tax']);
  await using engine = await testEngine(project);
  await engine.ready('tax');
  await engine.scale({ tax: 3 });
  const three = await engine.ready('tax', 3);
  await engine.scale({ tax: 1 });
  const [left] = await engine.ready('tax', 1);
  assert.equal(left!.instance, three[0]!.instance);
  assert.deepEqual(
    three.map(({ pid }) => isAlive(pid)),
    [true, false, false],
  );
});

test('a change of its code replaces a service, no other one, and no request fails meanwhile', async () => {
  using project = testProject(['tax', 'shop']);
  await using engine = await testEngine(project, true);
  const [shop] = await engine.ready('shop');
  await engine.ready('tax');
  let asking = true;
  const answers: string[] = [];
  const traffic = (async () => {
    while (asking) {
      // As a caller of the mesh does: only whoever is ready now, and the newest of them.
      const instance = engine.service('tax').instances.findLast(({ state }) => state === 'ready');
      answers.push(instance ? await ask(instance) : 'nobody is ready');
    }
  })();
  project.write('tax', 'two');
  await engine.until(() => answers.includes('two'));
  await engine.until(() => engine.records.some(({ msg }) => msg.startsWith('tax was replaced')));
  asking = false;
  await traffic;
  assert.deepEqual([...new Set(answers)], ['one', 'two']);
  assert.equal(engine.service('shop').instances[0]!.instance, shop!.instance);
  assert.equal(engine.service('tax').restarts, 0);
});

test('all instances of a scaled service are replaced, one after the other', async () => {
  using project = testProject(['tax']);
  await using engine = await testEngine(project, true);
  await engine.ready('tax');
  await engine.scale({ tax: 2 });
  let fewest = 2;
  project.write('tax', 'two');
  await engine.until(() => {
    fewest = Math.min(fewest, engine.service('tax').ready);
    return engine.records.some(({ msg }) => msg.startsWith('tax was replaced'));
  });
  const both = await engine.ready('tax', 2);
  assert.deepEqual(await Promise.all(both.map((instance) => ask(instance))), ['two', 'two']);
  assert.equal(fewest, 2);
});

test('a new version that fails to start leaves the old one running, until it is repaired', async () => {
  using project = testProject(['tax']);
  await using engine = await testEngine(project, true);
  const [old] = await engine.ready('tax');
  project.write('tax', 'broken');
  await engine.until(() =>
    engine.records.find(({ msg }) => /tax was not replaced.*does not compile/.test(msg)),
  );
  assert.equal(await ask(old!), 'one');
  project.write('tax', 'three');
  await engine.until(() => engine.records.some(({ msg }) => msg.startsWith('tax was replaced')));
  const [now] = await engine.ready('tax');
  assert.equal(await ask(now!), 'three');
});

test('the config file is followed: services come, go and change their number', async () => {
  using project = testProject(['tax', 'shop']);
  const { configFile } = project.project;
  const model = (services: object): string =>
    `export default ${JSON.stringify({ name: 'test', services, secrets: [], edge: undefined })};`;
  const entry = (name: string, instances: number): object => ({
    kind: 'service',
    name,
    instances,
    ...(project.spec(name) as object),
  });
  writeFileSync(configFile, model({}));
  await using engine = await testEngine(project, true);
  await engine.ready('tax');
  await engine.ready('shop');
  project.write('badge', 'badge');
  writeFileSync(configFile, model({ tax: entry('tax', 2), badge: entry('badge', 1) }));
  await engine.ready('tax', 2);
  await engine.ready('badge');
  await engine.until(() => engine.status().services.every(({ service }) => service !== 'shop'));
  writeFileSync(configFile, 'this is no model');
  await engine.until(() => engine.records.some(({ msg }) => msg.startsWith('the app model stays as it was')));
  await engine.ready('badge');
});

test('what instances print is kept and passed on, also when it is not JSON', async () => {
  using project = testProject(['tax']);
  await using engine = await testEngine(project);
  const [tax] = await engine.ready('tax');
  await ask(tax!, '/print');
  await engine.until(() => engine.records.some(({ msg }) => msg === 'own record'));
  const plain = engine.records.find(({ msg }) => msg === 'plain words')!;
  assert.deepEqual([plain.service, plain.instance, plain.level], ['tax', tax!.instance, 'info']);
  const file = readFileSync(join(logsFolder(project.project.dataFolder), 'tax.ndjson'), 'utf8');
  assert.ok(file.includes('plain words') && file.includes('own record'));
});

test('instances get their settings and places, and not the port of the supervisor', async () => {
  using project = testProject(['tax'], { secrets: ['ACQUIRER_KEY'] });
  process.env.GOBLIN_PORT = '1';
  await using engine = await testEngine(project);
  delete process.env.GOBLIN_PORT;
  const [tax] = await engine.ready('tax');
  const env = JSON.parse(await ask(tax!, '/environment')) as Record<string, string>;
  const { dataFolder, configFile, folder } = project.project;
  assert.equal(env.GOBLIN_DATA, dataFolder);
  assert.equal(env.GOBLIN_CONFIG, configFile);
  assert.equal(env.GOBLIN_INSTANCE, tax!.instance);
  assert.equal(env.FOLDER, join(folder, 'tax'));
  assert.equal(env.GOBLIN_PORT, undefined);
  const secret = join(env.GOBLIN_SECRETS!, 'acquirer_key');
  assert.match(readFileSync(secret, 'utf8'), /^[\w-]{43}\n$/);
  assert.equal(statSync(secret).mode & 0o777, 0o600);
});

test('traffic is counted over the last seconds', async () => {
  using project = testProject(['tax']);
  await using engine = await testEngine(project);
  const [tax] = await engine.ready('tax');
  await Promise.all(Array.from({ length: 20 }, () => ask(tax!)));
  await engine.until(() => engine.service('tax').perSecond > 1 && engine.service('tax').p50Ms! > 0);
});

test('other processes speak to it over the control socket, which only its owner may open', async () => {
  using project = testProject(['tax', 'shop']);
  await using engine = await testEngine(project);
  const [before] = await engine.ready('tax');
  const control = controlClient(project.project.dataFolder);
  assert.equal((await control.status()).name, 'test');
  assert.equal(statSync(controlSocketPath(project.project.dataFolder)).mode & 0o777, 0o600);
  const scaled = await control.scale({ tax: 2 });
  assert.equal(scaled.services.find(({ service }) => service === 'tax')!.ready, 2);
  const restarted = await control.restart('tax');
  const instances = restarted.services.find(({ service }) => service === 'tax')!.instances;
  assert.ok(instances.every(({ instance }) => instance !== before!.instance));
  await assert.rejects(control.scale({ shop: 2, taxi: 2 }), /there is no service "taxi": did you mean tax\?/);
  await assert.rejects(control.scale({ tax: 1.5 }), (error) => isGoblinError(error, 'INVALID_INPUT'));
  assert.equal(engine.service('shop').wanted, 1);
});

test('a second engine on the same data folder says who runs', async () => {
  using project = testProject(['tax']);
  await using _engine = await testEngine(project);
  await assert.rejects(testEngine(project), (error) => {
    assert.ok(isGoblinError(error, 'ALREADY_EXISTS'));
    assert.match(error.message, new RegExp(`process ${process.pid}`));
    return true;
  });
});

test('stopping ends every process, and the folder is free for the next', async () => {
  using project = testProject(['tax', 'shop']);
  const engine = await testEngine(project);
  const pids = [...(await engine.ready('tax')), ...(await engine.ready('shop'))].map(({ pid }) => pid);
  await engine.stop();
  assert.deepEqual(pids.map(isAlive), [false, false]);
  await assert.rejects(controlClient(project.project.dataFolder).status(), (error) =>
    isGoblinError(error, 'UNAVAILABLE'),
  );
  await using next = await testEngine(project);
  await next.ready('tax');
});
