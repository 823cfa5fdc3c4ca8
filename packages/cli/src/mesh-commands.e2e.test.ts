/** The commands that look into the mesh of a running project, and steer it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import type { TargetView } from '@goblin/mesh';
import type { ListedPeer } from './services/peer-list.ts';
import {
  BIN,
  type CliProject,
  cliProject,
  environment,
  type Up,
  until,
  writeGreeter,
} from './testing/cli-project.ts';

/** A service that greets whoever comes, by calling the greeter. */
const PORCH = {
  'contract.ts': `import { contract } from 'goblin';
import { z } from 'zod';
export const porch = contract('porch.v1', { enter: { input: z.object({}), output: z.string() } });
`,
  'service.ts': `import { serve } from 'goblin';
import { greeter } from '../greeter/contract.ts';
import { porch } from './contract.ts';
export default serve(porch, (app) => {
  const call = app.client(greeter);
  return { enter: async () => (await call.greet({ name: 'guest' })).greeting };
});
`,
};

let project: CliProject;
let up: Up;
before(async () => {
  project = cliProject(
    `    greeter: { from: './services/greeter', instances: 2 },\n    porch: './services/porch',\n`,
    `  edge: { routes: [{ path: '/*', to: 'greeter' }] },\n`,
  );
  writeGreeter(project);
  for (const [file, text] of Object.entries(PORCH)) project.write(`services/porch/${file}`, text);
  up = await project.up();
  // A process that is ready may write its compile cache for seconds before it gets to tell the others.
  await until('discovery sees all ready', async () => {
    const { stdout } = await project.goblin('ls', '--json');
    return (JSON.parse(stdout) as ListedPeer[]).filter(({ state }) => state === 'ready').length === 4;
  });
});
after(async () => {
  await up.stop();
  project[Symbol.dispose]();
});

interface SaidFault {
  readonly id: string;
  readonly instances: readonly { readonly instance: string }[];
}

async function inject(...args: string[]): Promise<SaidFault> {
  const { code, stdout, stderr } = await project.goblin('fault', 'inject', ...args, '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as SaidFault;
}

const greet = (): ReturnType<CliProject['goblin']> =>
  project.goblin('call', 'greeter', 'greet', '{"name":"Ada"}', '--json');

test('ls --watch --json tells who is known and then each change, a line each, until Ctrl-C', async () => {
  const child = spawn(process.execPath, [BIN, 'ls', '--watch', '--json'], {
    cwd: project.folder,
    env: environment(),
  });
  const changes: Record<string, string>[] = [];
  const seen = (what: string, fits: (change: Record<string, string>) => boolean): Promise<boolean> =>
    until(`${what} is told`, () => changes.some(fits));
  createInterface({ input: child.stdout }).on('line', (line) => changes.push(JSON.parse(line)));
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
  await seen('porch', ({ service, state }) => service === 'porch' && state === 'ready');
  assert.equal(changes[0]!.change, 'known');
  assert.equal((await project.goblin('restart', 'porch')).code, 0);
  await seen('the new one', ({ change, service }) => change === 'joined' && service === 'porch');
  await seen('the old one', ({ change, service }) => change === 'left' && service === 'porch');
  child.kill('SIGINT');
  assert.equal(await exited, 0);
});

test('a fault is injected into all instances, seen, struck and lifted', async () => {
  const { id, instances } = await inject('greeter/greet', '--error', 'CONFLICT', '--for', '1m');
  assert.equal(instances.length, 2);
  const failed = await greet();
  assert.match(failed.stderr, /CONFLICT/);
  assert.equal(
    (await project.goblin('call', 'greeter', 'count', '{"to":1}')).stdout,
    '1\n',
    'another procedure',
  );
  const listed = await project.goblin('fault', 'ls');
  assert.match(
    listed.stdout,
    new RegExp(`${id}\\s+greeter.v1/greet\\s+fails with CONFLICT\\s+\\d+ s\\s+1\\s+greeter-`),
  );
  const lifted = await project.goblin('fault', 'lift', id);
  assert.match(lifted.stdout, new RegExp(`^greeter-\\w+\\s+lifted ${id}, which struck`));
  assert.equal((await greet()).code, 0);
  assert.equal((await project.goblin('fault', 'ls')).stdout, 'no faults are injected\n');
  // What Palantir reads, and shows as the first suspect.
  const noted = readFileSync(join(project.folder, '.goblin/logs/goblin-commands.ndjson'), 'utf8');
  const changes = noted
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).change as Record<string, string>);
  assert.deepEqual(
    changes.map(({ kind, title }) => [kind, title]),
    [
      ['fault', `${id} injected: greeter.v1/greet fails with CONFLICT, for 60 s`],
      ['fault', `${id} lifted`],
    ],
  );
  assert.equal(changes[0]!.service, 'greeter');
});

test('a fault at the callers strikes where they call, and nobody else', async () => {
  const { id, instances } = await inject('greeter', '--error', 'CONFLICT', '--side', 'client');
  assert.deepEqual(
    instances.map(({ instance }) => instance.split('-')[0]),
    ['porch'],
  );
  assert.equal((await greet()).code, 0);
  const entered = await project.goblin('call', 'porch', 'enter', '{}');
  assert.equal(entered.code, 1);
  assert.match(
    (await project.goblin('fault', 'ls')).stdout,
    new RegExp(`${id}\\s+greeter.v1, at its callers`),
  );
  assert.equal((await project.goblin('fault', 'lift', '--all')).code, 0);
  assert.equal((await project.goblin('call', 'porch', 'enter', '{}')).stdout, '"Hello guest"\n');
});

test('a fault can be kept to one instance, and lifts itself', async () => {
  const [one] = (await inject('greeter', '--latency', '1ms..2ms', '--for', '10s')).instances;
  const { instances } = await inject('greeter', '--hang', '--instances', one!.instance, '--for', '300ms');
  assert.deepEqual(
    instances.map(({ instance }) => instance),
    [one!.instance],
  );
  const said = await project.goblin('fault', 'inject', 'greeter', '--latency', '5ms', '--for', '1s');
  assert.match(
    said.stdout,
    /^greeter-\w+\s+injected\ngreeter-\w+\s+injected\n\ngreeter\.v1 takes 5 ms longer, for 1 s\nlift it sooner by {2}goblin fault lift greeter-latency-/,
  );
  assert.equal((await project.goblin('fault', 'lift', '--all')).code, 0);
});

test('peers explain shows how each caller sees the instances, and why one gets no calls', async () => {
  for (let i = 0; i < 6; i++) await project.goblin('call', 'porch', 'enter', '{}');
  const { stdout, stderr } = await project.goblin('peers', 'explain', 'greeter');
  assert.match(stdout, /^porch-\w+ → greeter\n {2}PEER\s.*WHY\n {2}greeter-\w+\s+ready\s/, stderr);
  assert.match(stdout, /attempts.*: \d+ ok/);
  assert.match(stdout, /\d others have not called greeter: --from shows their view/);
  const edge = JSON.parse(
    (await project.goblin('peers', 'explain', 'greeter', '--from', 'edge', '--json')).stdout,
  );
  assert.deepEqual(
    edge.map(({ service, view }: { service: string; view: TargetView }) => [service, view.peers.length]),
    [['edge', 2]],
  );
  for (const [args, code, message] of [
    [['explain'], 2, /name whose peers to explain/],
    [['greeter'], 2, /goblin peers explain tax/],
    [['explain', 'greter'], 1, /nobody is called "greter": did you mean greeter\?/],
    [['explain', 'greeter', '--from', 'porsh'], 1, /did you mean porch\?/],
  ] as const) {
    const finished = await project.goblin('peers', ...args);
    assert.equal(finished.code, code, finished.stderr);
    assert.match(finished.stderr, message);
  }
});

test('what is wrong with a fault is said, with what would be right', async () => {
  for (const [args, code, message] of [
    [['inject'], 2, /name a service/],
    [['inject', 'greter', '--hang'], 1, /did you mean greeter\?/],
    [['inject', 'greeter/gret', '--hang'], 1, /did you mean greet\?/],
    [['inject', 'greeter'], 2, /say what it shall do: --latency/],
    [['inject', 'greeter', '--hang', '--error', 'UNAVAILABLE'], 2, /say what it shall do/],
    [['inject', 'greeter', '--error', 'UNAVAILABEL'], 1, /did you mean UNAVAILABLE\?/],
    [['inject', 'greeter', '--error', 'x'], 1, /there are INVALID_INPUT, .*UNAVAILABLE/],
    [['inject', 'greeter', '--latency', 'long'], 1, /a duration such as/],
    [['inject', 'greeter', '--hang', '--percent', '200'], 1, /percent must be a number above 0 up to 100/],
    [['inject', 'greeter', '--hang', '--side', 'both'], 1, /side must be "client" or "server"/],
    [['inject', 'greeter', '--hang', '--for', '2h'], 1, /forMs must be a number from 1 to 3600000/],
    [['inject', 'greeter', '--hang', '--instances', 'x'], 1, /there is no instance "x": there are greeter-/],
    [['lift'], 2, /name a fault/],
    [['lift', 'x'], 1, /there is no fault "x": there are none/],
    [['lift', '--all'], 0, /^$/],
    [['explode'], 2, /goblin fault inject <service>/],
  ] as const) {
    const finished = await project.goblin('fault', ...args);
    assert.equal(finished.code, code, `${args.join(' ')}: ${finished.stderr}`);
    assert.match(finished.stderr, message);
  }
});

test('orders are in the log of the process that took them, with who gave them', async () => {
  await inject('greeter', '--latency', '1ms', '--for', '1s');
  const line = await until('the order is in the log', async () => {
    const { stdout } = await project.goblin('logs', 'greeter', '--grep', 'order faults.inject', '--json');
    return stdout !== '' && stdout.trim().split('\n').at(-1)!;
  });
  const record = JSON.parse(line) as Record<string, string>;
  assert.match(record.actor!, /^\S+@\S+$/);
  assert.match(record.from!, /^cli-/);
});
