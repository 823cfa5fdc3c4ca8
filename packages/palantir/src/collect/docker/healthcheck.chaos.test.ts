/** `HEALTHCHECK CMD ["goblin", "healthcheck"]` in a real engine: a service of ours in a container, with the Node, the libraries and the Goblin of
 * this machine mounted into it, because no image of Node can be pulled. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { running, toolsFor, until } from '../testing/collecting.ts';
import { dockerDaemon } from '../testing/docker-daemon.ts';
import { recordingStore } from '../testing/recording-store.ts';
import { HEALTH_STATUS } from './container-samples.ts';
import { dockerContainers } from './docker-containers.ts';

const WAIT_MS = 60_000;
const SECOND_NS = 1e9;
const REPOSITORY = join(import.meta.dirname, '../../../../..');
const NODE = process.execPath;
const GOBLIN = join(REPOSITORY, 'packages/goblin/bin/goblin.js');
const PORT = '4100';

const docker = await dockerDaemon();
const project = mkdtempSync(join(tmpdir(), 'goblin-healthcheck-'));
after(async () => {
  if (typeof docker !== 'string') await docker[Symbol.asyncDispose]();
  rmSync(project, { recursive: true, force: true });
});

function writeProject(): void {
  symlinkSync(join(REPOSITORY, 'node_modules'), join(project, 'node_modules'));
  mkdirSync(join(project, 'shop'));
  for (const [file, text] of [
    ['package.json', '{ "type": "module" }'],
    [
      'goblin.config.ts',
      `import { app } from 'goblin';
       export default app({ name: 'checked', services: { shop: './shop' }, palantir: false });`,
    ],
    [
      'shop/service.ts',
      `import { contract, serve } from 'goblin';
       export default serve(contract('shop.v1', {}), {});`,
    ],
  ] as const)
    writeFileSync(join(project, file), text);
}

test('a service is healthy by its own command once it listens, unhealthy while it hangs, with the reason, and healthy again', {
  timeout: 300_000,
}, async (t) => {
  if (typeof docker === 'string') return t.skip(docker);
  writeProject();
  const mounted = ['/usr', '/lib', '/lib64', REPOSITORY, dirname(NODE)].filter(existsSync);
  const id = await docker.run('shop', `${NODE} ${GOBLIN} run shop & echo $! >/pid; wait`, {
    Env: [`GOBLIN_PORT=${PORT}`],
    WorkingDir: '/app',
    HostConfig: {
      NetworkMode: 'none',
      Binds: [...mounted.map((path) => `${path}:${path}:ro`), `${project}:/app`],
    },
    Healthcheck: {
      Test: ['CMD', NODE, GOBLIN, 'healthcheck', '--deadline', '2s'],
      Interval: SECOND_NS,
      Timeout: 20 * SECOND_NS,
      StartPeriod: 60 * SECOND_NS,
      Retries: 1,
    },
  });
  const store = recordingStore();
  await using _ = running(
    dockerContainers(toolsFor(store), { socket: docker.socket, node: 'n1', periodMs: 300 }),
  );
  const becomes = (healthy: number, what: string): Promise<void> =>
    until(() => store.valueOf('docker_container_health_healthy', {}) === healthy, what, WAIT_MS);
  await becomes(1, 'it is healthy');
  await docker.exec(id, 'read pid </pid; kill -STOP $pid');
  await becomes(0, 'it hangs');
  assert.equal(store.valueOf(HEALTH_STATUS, { health_status: 'unhealthy' }), 1);
  await until(() => store.logs.length > 0, 'the log says why', WAIT_MS);
  assert.equal(
    store.logs[0]?.body,
    `the health check of shop fails: http://127.0.0.1:${PORT}/healthz: there is no answer within 2000 ms`,
  );
  await docker.exec(id, 'read pid </pid; kill -CONT $pid');
  await becomes(1, 'it goes on');
});
