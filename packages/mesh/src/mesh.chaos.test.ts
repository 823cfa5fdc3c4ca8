import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, beforeEach, test } from 'node:test';
import { type Client, isGoblinError } from '@goblin/core';
import { beacon } from './discovery/beacon.ts';
import { clusterKey } from './discovery/cluster-key.ts';
import { echo } from './discovery/testing/echo.ts';
import { recorder, SECRET, until } from './discovery/testing/recorder.ts';
import { joinMesh, type Mesh } from './mesh.ts';
import { meshTransport } from './mesh-transport.ts';

const INSTANCES = ['echo-1', 'echo-2', 'echo-3'];
const CALLERS = 20;

let port: number;
let mesh: Mesh;
let client: Client<typeof echo>;
const telemetry = recorder();
const children = new Map<string, ChildProcess>();

let starts = 0;

/** Each start of a process is another instance: `echo-1.7`. */
async function startInstance(name: string): Promise<void> {
  const script = new URL('./discovery/testing/echo-instance.ts', import.meta.url).pathname;
  const instance = `${name}.${++starts}`;
  const child = spawn(process.execPath, [script, instance, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.set(name, child);
  await once(child.stdout!, 'data');
}

async function end(name: string, signal: NodeJS.Signals): Promise<void> {
  const child = children.get(name)!;
  children.delete(name);
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

const ready = (): number => mesh.directory.answering(echo.name).length;

before(async () => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  port = socket.address().port;
  socket.close();
  mesh = await joinMesh({
    self: { instance: 'caller-1', service: undefined, version: '1', contracts: [], address: undefined },
    finders: [beacon({ port })],
    clusterKey: clusterKey({ cluster: 'tests', secret: SECRET }),
    telemetry,
    transport: meshTransport({ telemetry }),
  });
  client = mesh.client(echo);
});

beforeEach(async () => {
  await Promise.all(INSTANCES.filter((name) => !children.has(name)).map(startInstance));
  await until('all instances are known', () => ready() === INSTANCES.length);
});

after(async () => {
  await Promise.all([...children.keys()].map((name) => end(name, 'SIGKILL')));
  await mesh.stop();
});

interface Load {
  calls: number;
  readonly failures: unknown[];
  slowestMs: number;
  readonly answered: Map<string, number>;
}

/** Calls from several callers without a pause while `during` runs. */
async function underLoad(call: () => Promise<string>, during: (load: Load) => Promise<void>): Promise<Load> {
  const load: Load = { calls: 0, failures: [], slowestMs: 0, answered: new Map() };
  let over = false;
  const caller = async (): Promise<void> => {
    while (!over) {
      const began = performance.now();
      try {
        const [instance = ''] = (await call()).split('.');
        load.answered.set(instance, (load.answered.get(instance) ?? 0) + 1);
      } catch (error) {
        load.failures.push(error);
      }
      load.calls++;
      load.slowestMs = Math.max(load.slowestMs, performance.now() - began);
    }
  };
  const callers = Array.from({ length: CALLERS }, caller);
  await during(load);
  over = true;
  await Promise.all(callers);
  return load;
}

const moreCalls = (load: Load, count: number): Promise<void> => {
  const enough = load.calls + count;
  return until(`${count} more calls are done`, () => load.calls >= enough);
};

test('load is spread evenly over the instances', async () => {
  const load = await underLoad(
    () => client.whoami({}),
    (load) => moreCalls(load, 3_000),
  );
  assert.deepEqual(load.failures, []);
  for (const count of load.answered.values()) assert.ok(count > load.calls / 5, `${[...load.answered]}`);
});

test('kill -9 of one of three instances under load: no idempotent call fails, and it is gone before its silence tells', async (t) => {
  const gone: string[] = [];
  using stack = new DisposableStack();
  stack.defer(
    mesh.directory.subscribe(({ kind, because }) => {
      if (kind === 'left') gone.push(because);
    }),
  );
  const load = await underLoad(
    () => client.whoami({}),
    async (load) => {
      await moreCalls(load, 500);
      await end('echo-1', 'SIGKILL');
      const killed = performance.now();
      await until('it is gone', () => ready() === 2);
      t.diagnostic(`gone after ${Math.round(performance.now() - killed)} ms`);
      await moreCalls(load, 500);
    },
  );
  assert.deepEqual(load.failures, []);
  assert.equal(gone.length, 1);
  assert.doesNotMatch(gone[0]!, /not heard/);
});

test('kill -9 under load of calls that are not idempotent: only those fail that the dead one may have begun', async () => {
  const load = await underLoad(
    () => client.once({}),
    async (load) => {
      await moreCalls(load, 500);
      await end('echo-1', 'SIGKILL');
      await moreCalls(load, 1_000);
    },
  );
  assert.ok(load.failures.length <= CALLERS, `${load.failures.length} failed`);
  for (const error of load.failures) assert.ok(isGoblinError(error, 'CONNECTION_FAILED'), String(error));
});

test('a frozen instance under load: no idempotent call fails, it is avoided, and serves again when it thaws', async (t) => {
  const frozen = children.get('echo-2')!;
  const ejections = telemetry.value('mesh_ejections_total{echo,silent}');
  let load: Load;
  try {
    load = await underLoad(
      () => client.whoami({}),
      async (load) => {
        await moreCalls(load, 500);
        frozen.kill('SIGSTOP');
        await until('it is avoided', () => telemetry.value('mesh_ejections_total{echo,silent}') > ejections);
        await moreCalls(load, 500);
      },
    );
  } finally {
    frozen.kill('SIGCONT');
  }
  assert.deepEqual(load.failures, []);
  t.diagnostic(`the slowest call took ${Math.round(load.slowestMs)} ms`);
  const thawed = await underLoad(
    () => client.whoami({}),
    async (load) => {
      await until('it answers again', () => load.answered.has('echo-2'));
    },
  );
  assert.deepEqual(thawed.failures, []);
});

test('an orderly stop under load: no call fails, idempotent or not', async () => {
  const load = await underLoad(
    () => client.once({}),
    async (load) => {
      await moreCalls(load, 500);
      await end('echo-3', 'SIGTERM');
      await moreCalls(load, 500);
    },
  );
  assert.deepEqual(load.failures, []);
});

test('when the only instance is killed, calls wait for the next one and none fails', async () => {
  await Promise.all([end('echo-1', 'SIGTERM'), end('echo-2', 'SIGTERM')]);
  await until('one is left', () => ready() === 1);
  const load = await underLoad(
    () => client.whoami({}),
    async (load) => {
      await moreCalls(load, 500);
      await end('echo-3', 'SIGKILL');
      await startInstance('echo-4');
      await moreCalls(load, 500);
    },
  );
  assert.deepEqual(load.failures, []);
  assert.ok(load.answered.has('echo-4'));
  await end('echo-4', 'SIGTERM');
});
