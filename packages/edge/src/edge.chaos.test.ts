import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, beforeEach, test } from 'node:test';
import { testTelemetry } from '@goblin/core';
import { beacon, clusterKey, httpTransport, joinMesh, type Mesh } from '@goblin/mesh';
import { Pool } from 'undici';
import { type Edge, startEdge } from './edge.ts';
import { until } from './testing/test-edge.ts';

const SECRET = 'only for tests, and long enough';
const INSTANCES = ['shop-1', 'shop-2', 'shop-3'];
const CALLERS = 20;

let beaconPort: number;
let mesh: Mesh;
let edge: Edge;
let client: Pool;
let starts = 0;
const children = new Map<string, ChildProcess>();
const telemetry = testTelemetry();

async function startInstance(name: string): Promise<void> {
  const script = new URL('./testing/shop-instance.ts', import.meta.url).pathname;
  const args = [script, `${name}.${++starts}`, String(beaconPort), SECRET];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.set(name, child);
  await new Promise((resolve, reject) => {
    child.stdout!.once('data', resolve);
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code} before it was ready`)));
  });
}

async function end(name: string, signal: NodeJS.Signals): Promise<void> {
  const child = children.get(name)!;
  children.delete(name);
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

before(async () => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  beaconPort = socket.address().port;
  socket.close();
  mesh = await joinMesh({
    self: { instance: 'edge-1', service: 'edge', version: '1', contracts: [], address: undefined },
    finders: [beacon({ port: beaconPort })],
    clusterKey: clusterKey({ cluster: 'tests', secret: SECRET }),
    telemetry,
    transport: httpTransport({ telemetry }),
  });
  edge = await startEdge({ spec: { routes: [{ path: '/*', to: 'shop' }] }, mesh, telemetry, port: 0 });
  client = new Pool(`http://127.0.0.1:${edge.address.port}`, { connections: CALLERS });
});

beforeEach(async () => {
  await Promise.all(INSTANCES.filter((name) => !children.has(name)).map(startInstance));
  await until(() => mesh.directory.named('shop').length === INSTANCES.length, 'all instances are known');
});

after(async () => {
  await Promise.all([...children.keys()].map((name) => end(name, 'SIGKILL')));
  await client.destroy();
  await edge.stop();
  await mesh.stop();
});

interface Load {
  calls: number;
  readonly failures: string[];
  slowestMs: number;
}

type Call = { path: string; method: 'GET' | 'PUT' | 'POST'; body?: string; headers?: Record<string, string> };

const REPEATABLE: readonly Call[] = [
  { path: '/whoami', method: 'GET' },
  { path: '/things/7', method: 'PUT', body: 'x'.repeat(2_000) },
  { path: '/orders', method: 'POST', body: 'order', headers: { 'idempotency-key': 'k' } },
];

/** Calls from several callers without a pause while `during` runs. */
async function underLoad(calls: readonly Call[], during: (load: Load) => Promise<void>): Promise<Load> {
  const load: Load = { calls: 0, failures: [], slowestMs: 0 };
  let over = false;
  const caller = async (at: number): Promise<void> => {
    for (let i = at; !over; i++) {
      const call = calls[i % calls.length]!;
      const began = performance.now();
      try {
        const { statusCode, body } = await client.request(call);
        const text = await body.text();
        if (statusCode >= 300) load.failures.push(`${call.method} ${statusCode} ${text}`);
        else if (call.body !== undefined && text !== call.body)
          load.failures.push(`${call.method} wrong body`);
      } catch (error) {
        load.failures.push(`${call.method} ${String(error)}`);
      }
      load.calls++;
      load.slowestMs = Math.max(load.slowestMs, performance.now() - began);
    }
  };
  const callers = Array.from({ length: CALLERS }, (_, at) => caller(at));
  await during(load);
  over = true;
  await Promise.all(callers);
  return load;
}

function moreCalls(load: Load, count: number): Promise<void> {
  const enough = load.calls + count;
  return until(() => load.calls >= enough, `${count} more calls are done`, 120_000);
}

test('kill -9 of one of three instances under load: no request that may be repeated fails', async (t) => {
  const load = await underLoad(REPEATABLE, async (load) => {
    await moreCalls(load, 1_000);
    await end('shop-1', 'SIGKILL');
    await moreCalls(load, 3_000);
  });
  t.diagnostic(`${load.calls} calls, slowest ${Math.round(load.slowestMs)} ms`);
  assert.deepEqual(load.failures, []);
});

test('a frozen instance (SIGSTOP) under load: no request that may be repeated fails, and none waits for it to thaw', async (t) => {
  const frozen = children.get('shop-2')!;
  const load = await underLoad(REPEATABLE, async (load) => {
    await moreCalls(load, 1_000);
    frozen.kill('SIGSTOP');
    await moreCalls(load, 5_000);
  }).finally(() => frozen.kill('SIGCONT'));
  t.diagnostic(`${load.calls} calls, slowest ${Math.round(load.slowestMs)} ms`);
  // What waits for a frozen instance fails when the time of its route is up: 30 s.
  assert.deepEqual(load.failures, []);
});

test('instances that are replaced one after the other (SIGTERM): no request fails, whatever its method', async () => {
  const load = await underLoad(
    [...REPEATABLE, { path: '/orders', method: 'POST', body: 'order' }],
    async (load) => {
      for (const name of INSTANCES) {
        await moreCalls(load, 500);
        await end(name, 'SIGTERM');
        await startInstance(name);
      }
      await moreCalls(load, 500);
    },
  );
  assert.deepEqual(load.failures, []);
});

test('all instances killed at once and started again: requests wait and succeed', async () => {
  const load = await underLoad([{ path: '/whoami', method: 'GET' }], async (load) => {
    await moreCalls(load, 500);
    await Promise.all(INSTANCES.map((name) => end(name, 'SIGKILL')));
    await Promise.all(INSTANCES.map(startInstance));
    await moreCalls(load, 500);
  });
  assert.deepEqual(load.failures, []);
});
