import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { ask, isAlive, testEngine, testProject } from '../testing/test-project.ts';

/** Far longer than anything takes: it only makes a failing test end. */
const PATIENCE_MS = 30_000;

test('kill -9 of the supervisor leaves no process behind', async () => {
  using project = testProject(['tax', 'shop']);
  const script = join(project.project.folder, 'supervisor.ts');
  writeFileSync(
    script,
    `import { processEngine } from ${JSON.stringify(join(import.meta.dirname, 'process-engine.ts'))};
     let engine;
     engine = await processEngine(${JSON.stringify(project.project)}, {
       command: ${JSON.stringify([process.execPath, join(import.meta.dirname, '../testing/fixture-goblin.ts')])},
       env: process.env,
       watch: true,
       onChange() {
         const services = engine?.status().services ?? [];
         if (services.length > 0 && services.every(({ ready }) => ready === 1))
           console.log(services.map(({ instances }) => instances[0].pid).join(' '));
       },
     });`,
  );
  const supervisor = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: supervisor.stdout });
  const pids = await new Promise<number[]>((resolve) => {
    lines.once('line', (line) => resolve(line.split(' ').map(Number)));
  });
  assert.deepEqual(pids.map(isAlive), [true, true]);
  supervisor.kill('SIGKILL');
  const until = performance.now() + PATIENCE_MS;
  while (pids.some(isAlive) && performance.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(pids.map(isAlive), [false, false]);
});

test('an instance that will not stop is killed, and the engine stops all the same', async (t) => {
  using project = testProject(['tax', 'shop']);
  project.write('tax', 'stubborn');
  const engine = await testEngine(project);
  const [tax] = await engine.ready('tax');
  const startMs = performance.now();
  await engine.stop();
  t.diagnostic(`stopped after ${Math.round(performance.now() - startMs)} ms`);
  assert.equal(isAlive(tax!.pid), false);
});

test('an instance that hangs is shown as hanging, killed and started again', {
  timeout: 180_000,
}, async () => {
  using project = testProject(['tax']);
  await using engine = await testEngine(project);
  const [tax] = await engine.ready('tax');
  ask(tax!, '/hang').catch(() => {});
  await engine.until(() => engine.service('tax').instances[0]?.state === 'hanging');
  assert.equal(engine.service('tax').state, 'unhealthy');
  await engine.until(() => engine.service('tax').restarts === 1 && engine.service('tax').ready === 1);
});
