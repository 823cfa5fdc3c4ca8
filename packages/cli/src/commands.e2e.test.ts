import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  BIN,
  type CliProject,
  cliProject,
  environment,
  finish,
  GREETER,
  type Up,
  until,
  writeGreeter,
} from './testing/cli-project.ts';

const EDGE = `  edge: { routes: [{ path: '/hello/*', to: 'greeter', limit: '100/s per client' }] },\n`;

let project: CliProject;
let up: Up;
before(async () => {
  project = cliProject(`    greeter: './services/greeter',\n`, EDGE);
  writeGreeter(project);
  up = await project.up();
});
after(async () => {
  await up.stop();
  project[Symbol.dispose]();
});

test('up serves through the edge, whose address it tells', async () => {
  const { url } = await up.event(({ event }) => event === 'ready');
  assert.deepEqual(await (await fetch(`${url}/hello/Ada`)).json(), { greeting: 'Hello Ada' });
});

test('ls lists the instances that discovery finds', async () => {
  const found = await until('discovery finds both', async () => {
    const { stdout } = await project.goblin('ls', '--json');
    const all = JSON.parse(stdout) as Record<string, string>[];
    return all.length === 2 && all.every(({ state }) => state === 'ready') && all;
  });
  assert.deepEqual(
    found.map(({ service, state, link }) => [service, state, link]),
    [
      ['edge', 'ready', null],
      ['greeter', 'ready', 'unix'],
    ],
  );
  for (const one of found) assert.match(one.address!, /^127\.0\.0\.1:\d+$/);
  const { stdout: table } = await project.goblin('ls');
  assert.match(table, /^SERVICE\s+INSTANCE\s+VERSION\s+STATE\s+ADDRESS\s+LINK\s+AGE\nedge /);
});

test('call finds the service and prints its answer as JSON, whatever way the input comes', async () => {
  const input = '{"name":"Ada"}';
  project.write('input.json', input);
  for (const call of [
    () => project.goblin('call', 'greeter', 'greet', input),
    () => project.goblin('call', 'greeter.v1', 'greet', '@input.json'),
    () => project.goblinWith(input, 'call', 'greeter', 'greet', '-'),
  ]) {
    const { code, stdout, stderr } = await call();
    assert.deepEqual([code, stderr], [0, '']);
    assert.deepEqual(JSON.parse(stdout), { greeting: 'Hello Ada' });
  }
});

test('call prints a stream item by item', async () => {
  const { stdout } = await project.goblin('call', 'greeter', 'count', '{"to":3}');
  assert.equal(stdout, '1\n2\n3\n');
});

test('call ends with exit code 1 and a sentence when the service refuses, as JSON where asked for', async () => {
  const rude = await project.goblin('call', 'greeter', 'greet', '{"name":"fool"}');
  assert.deepEqual(
    [rude.code, rude.stdout, rude.stderr],
    [1, '', 'goblin: one does not say that  [TOO_RUDE]\n'],
  );
  const json = await project.goblin('call', 'greeter', 'greet', '{"name":"fool"}', '--json');
  const { error } = JSON.parse(json.stderr) as { error: { code: string; data: unknown } };
  assert.deepEqual([error.code, error.data], ['TOO_RUDE', { name: 'fool' }]);
});

test('what is mistyped is answered with what was likely meant', async () => {
  for (const [args, code, message] of [
    [['call', 'greter', 'greet', '{}'], 1, /did you mean greeter\?/],
    [['call', 'greeter', 'gret', '{}'], 1, /did you mean greet\?/],
    [['call', 'greeter', 'greet', '{name:1}'], 1, /the input is not JSON/],
    [['call', 'greeter'], 2, /name a service and a procedure/],
    [['run', 'greter'], 1, /did you mean greeter\?/],
    [['logs', 'greter'], 1, /did you mean greeter\?/],
    [['scale', 'greter=2'], 1, /did you mean greeter\?/],
    [['scale', 'greeter'], 2, /service=instances/],
    [['lss'], 2, /did you mean goblin ls\?/],
    [['ls', '--jsn'], 2, /did you mean --json\?/],
  ] as const) {
    const finished = await project.goblin(...args);
    assert.equal(finished.code, code, finished.stderr);
    assert.match(finished.stderr, message);
  }
});

test('scale starts and drains instances, and restart replaces them', async () => {
  const found = (count: number, isNew: (instance: string) => boolean = () => true): Promise<string[]> =>
    until(`discovery finds ${count}`, async () => {
      const { stdout } = await project.goblin('ls', '--json');
      const all = JSON.parse(stdout) as { service: string; instance: string; state: string }[];
      const ready = all
        .filter(({ service, state }) => service === 'greeter' && state === 'ready')
        .map(({ instance }) => instance);
      return ready.length === count && ready.every(isNew) && ready;
    });
  assert.equal((await project.goblin('scale', 'greeter=3')).stdout, 'greeter: 3 of 3 ready\n');
  const three = await found(3);
  assert.equal((await project.goblin('scale', 'greeter=1')).code, 0);
  const [one] = await found(1);
  assert.ok(three.includes(one!));
  assert.equal((await project.goblin('restart', 'greeter')).stdout, 'greeter was replaced\n');
  await found(1, (instance) => !three.includes(instance));
});

test('logs are kept and filtered', async () => {
  await project.goblin('call', 'greeter', 'greet', '{"name":"Grace"}');
  const line = await until('the line is in the log', async () => {
    const { stdout } = await project.goblin('logs', 'greeter', '--grep', 'Grace', '--json');
    return stdout !== '' && stdout;
  });
  const record = JSON.parse(line) as Record<string, string>;
  assert.deepEqual(
    [record.service, record.level, record.msg, record.name],
    ['greeter', 'info', 'greeted', 'Grace'],
  );
  assert.match(
    (await project.goblin('logs', 'greeter', '--grep', 'Grace')).stdout,
    /info\s+greeter\s+greeted\s+name=Grace/,
  );
  assert.equal((await project.goblin('logs', 'greeter', '--level', 'error')).stdout, '');
  assert.equal((await project.goblin('logs', '--since', '1ms')).stdout, '');
  assert.equal((await project.goblin('logs', '-n', '2')).stdout.trim().split('\n').length, 2);
});

test('a scaffolded service is picked up by the platform that runs, and its test passes', async () => {
  const made = await project.goblin('new', 'badge');
  assert.equal(made.code, 0, made.stderr);
  await up.event(
    ({ event, services }) =>
      event === 'status' &&
      services.some(
        (one: { service: string; state: string }) => one.service === 'badge' && one.state === 'ready',
      ),
  );
  const { stdout } = await project.goblin('call', 'badge', 'hello', '{"name":"you"}');
  assert.deepEqual(JSON.parse(stdout), { greeting: 'Hello you, this is badge' });
  const tested = await finish(
    spawn(process.execPath, ['--test', 'services/badge/service.test.ts'], {
      cwd: project.folder,
      env: environment(),
    }),
  );
  assert.equal(tested.code, 0, tested.stdout);
  const again = await project.goblin('new', 'badge');
  assert.match(again.stderr, /has a service badge already/);
});

test('routes, openapi and config say what a service answers and takes', async () => {
  const routes = JSON.parse((await project.goblin('routes', '--json')).stdout) as {
    kind: string;
    path: string;
  }[];
  const paths = routes.map(({ kind, path }) => `${kind} ${path}`);
  for (const path of ['edge /hello/*', 'procedure /greeter.v1/greet', 'route /hello/:name'])
    assert.ok(paths.includes(path), path);
  const document = JSON.parse((await project.goblin('openapi', 'greeter')).stdout) as {
    openapi: string;
    paths: object;
  };
  assert.equal(document.openapi, '3.1.1');
  assert.ok('/greeter.v1/greet' in document.paths);
  const settings = JSON.parse((await project.goblin('config', 'greeter', '--json')).stdout).greeter as Record<
    string,
    unknown
  >[];
  const greeting = settings.find(({ name }) => name === 'GREETING')!;
  assert.deepEqual([greeting.value, greeting.source, greeting.flag], ['Hello', 'default', '--greeting']);
});

test('run --help lists the settings of the service as options, and its secrets', async () => {
  const { code, stdout } = await project.goblin('run', 'greeter', '--help');
  assert.equal(code, 0);
  assert.match(stdout, /--greeting <a text>\s+The first word; default Hello\s+GREETING/);
  assert.match(stdout, /--port <.*>/);
  assert.match(stdout, /GREETER_KEY_FILE/);
});

test('contracts are published, and a change that breaks callers is named and refused', async () => {
  const published = await project.goblin('contract', 'publish', 'greeter');
  assert.equal(published.code, 0, published.stderr);
  assert.ok(existsSync(join(project.folder, 'contracts/greeter.v1.json')));
  assert.match((await project.goblin('contract', 'check', 'greeter')).stdout, /greeter\.v1: as published/);
  project.write(
    'services/greeter/contract.ts',
    GREETER['contract.ts']!.replace('name: z.string().min(1)', 'name: z.string().min(1), title: z.string()'),
  );
  const broken = await project.goblin('contract', 'check', 'greeter');
  project.write('services/greeter/contract.ts', GREETER['contract.ts']!);
  assert.equal(broken.code, 1);
  assert.match(broken.stdout, /breaks\s+greeter\.v1\/greet input.*title/);
  assert.match(broken.stderr, /would break callers/);
});

test('a second up on the same data folder says who runs', async () => {
  const { code, stderr } = await project.goblin('up');
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`already runs on .* \\(process ${up.child.pid}\\)`));
});

test('--version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
    version: string;
  };
  assert.equal((await project.goblin('--version')).stdout, `${version}\n`);
});

test('an older Node hands over to the one that the project has pinned, or says what to do', async () => {
  const old = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { node: '20.11.0' } })`;
  const start = (cwd: string, more: object = {}): ReturnType<typeof finish> =>
    finish(
      spawn(process.execPath, ['--import', old, BIN, '--version'], {
        cwd,
        env: { ...environment(), ...more },
      }),
    );
  const handedOver = await start(project.folder);
  assert.deepEqual([handedOver.code, handedOver.stderr], [0, '']);
  assert.match(handedOver.stdout, /^\d+\.\d+\.\d+\n$/);
  const refused = await start('/', { GOBLIN_HANDED_OVER: '1' });
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /this is Node 20\.11\.0, and Goblin needs 24 or newer.*npm install --save-dev node@24/,
  );
});
