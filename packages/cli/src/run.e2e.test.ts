import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import {
  BIN,
  type CliProject,
  cliProject,
  environment,
  type Finished,
  finish,
  GREETER,
  type UpEvent,
  writeGreeter,
} from './testing/cli-project.ts';

function greeterProject(): CliProject {
  const project = cliProject(`    greeter: { from: './services/greeter', env: { GREETING: 'Hi' } },\n`);
  writeGreeter(project);
  return project;
}

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
  readonly finished: Promise<Finished>;
}

/** `goblin run greeter`, ready. */
async function running(
  project: CliProject,
  args: readonly string[] = [],
  env: object = {},
): Promise<Running> {
  const child = spawn(process.execPath, [BIN, 'run', 'greeter', ...args], {
    cwd: project.folder,
    env: { ...environment(), ...env },
  });
  const finished = finish(child);
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const { msg, url } = JSON.parse(line) as { msg: string; url: string };
      if (msg === 'greeter is ready') resolve(url);
    });
    void finished.then(({ stderr }) => reject(new Error(stderr)));
  });
  return { child, url, finished };
}

async function greet(url: string): Promise<string> {
  const response = await fetch(`${url}/hello/Ada`);
  return ((await response.json()) as { greeting: string }).greeting;
}

test('run serves one service by itself, with the settings of the model, the environment or options', async () => {
  using project = greeterProject();
  for (const [args, env, greeting] of [
    [[], {}, 'Hi Ada'],
    [[], { GREETING: 'Hey' }, 'Hey Ada'],
    [['--greeting', 'Ho', '--port', '0'], { GREETING: 'Hey' }, 'Ho Ada'],
  ] as const) {
    const { child, url, finished } = await running(project, args, env);
    assert.equal(await greet(url), greeting);
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
    assert.match(await (await fetch(`${url}/metrics`)).text(), /target_info\{.*greeter/);
    child.kill('SIGTERM');
    assert.equal((await finished).code, 0);
  }
});

test('an option that the service does not know ends the start, with the one that was likely meant', async () => {
  using project = greeterProject();
  const { code, stderr } = await project.goblin('run', 'greeter', '--greting', 'Ho');
  assert.equal(code, 1);
  assert.match(
    stderr,
    /greeter cannot start[\s\S]*--greting\s+is not an option of greeter \(did you mean --greeting\?\)/,
  );
});

test('a start that fails says why, with exit code 1', async () => {
  using project = greeterProject();
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as AddressInfo;
  const inUse = await project.goblin('run', 'greeter', '--port', String(port));
  taken.close();
  assert.equal(inUse.code, 1);
  assert.match(inUse.stderr, new RegExp(`127.0.0.1:${port}`));
  const wrong = await project.goblin('run', 'greeter', '--port', 'many', '--log-level', 'loud');
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /2 settings are wrong[\s\S]*GOBLIN_PORT[\s\S]*LOG_LEVEL/);
});

test('a program that is not ours is run, found by others, and ended', async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  using project = cliProject(
    `    clock: { command: 'node clock.js', port: ${port} },\n`,
    `  edge: { routes: [{ path: '/*', to: 'clock' }] },\n`,
  );
  project.write(
    'clock.js',
    `import { createServer } from 'node:http';
     createServer((_, response) => response.end('tick')).listen(process.env.PORT, '127.0.0.1');`,
  );
  const up = await project.up();
  const { url } = await up.event(({ event }) => event === 'ready');
  assert.equal(await (await fetch(url)).text(), 'tick');
  const refused = await project.goblin('scale', 'clock=2');
  assert.match(refused.stderr, /from 0 to 1 \(it listens on a port of its own\)/);
  assert.equal(await up.stop(), 0);
  await assert.rejects(fetch(`http://127.0.0.1:${port}`));
});

test('up shows why a service cannot start, and starts it when it is repaired', async () => {
  using project = cliProject(`    greeter: './services/greeter',\n`, `  edge: { routes: [] },\n`);
  writeGreeter(project);
  await using up = await project.up();
  const greeter = ({ services = [] }: UpEvent) =>
    services.find(({ service }: { service: string }) => service === 'greeter');
  project.write('services/greeter/service.ts', `throw new Error('this is broken');`);
  await up.event(({ msg }) => /greeter was not replaced, what ran goes on: this is broken/.test(msg ?? ''));
  const { instances } = greeter(up.events.findLast(({ event }) => event === 'status')!);
  process.kill(instances[0].pid, 'SIGKILL');
  await up.event(
    (event) => greeter(event)?.detail === 'this is broken' && greeter(event).state === 'failing',
  );
  project.write('services/greeter/service.ts', GREETER['service.ts']!);
  const before = up.events.length;
  await up.event((event) => up.events.indexOf(event) >= before && greeter(event)?.state === 'ready');
});
