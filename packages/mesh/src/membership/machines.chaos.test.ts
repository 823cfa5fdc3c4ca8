/** Twenty services on twenty machines (network namespaces on a bridge), and callers that never pause. What happens
 * to one of them must not be noticed by any caller of idempotent calls. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, type TestContext, test } from 'node:test';
import type { Client } from '@goblin/core';
import { clusterKey } from '../discovery/cluster-key.ts';
import { seeds } from '../discovery/seeds.ts';
import { echo } from '../discovery/testing/echo.ts';
import { recorder, SECRET } from '../discovery/testing/recorder.ts';
import { joinMesh, type Mesh } from '../mesh.ts';
import { meshTransport } from '../mesh-transport.ts';
import { type Machine, type Machines, machines, whyNoNamespaces } from './testing/namespaces.ts';

const SERVICES = 20;
const CALLERS = 8;
const PORT = 4_100;
/** Each caller calls again after so long, so that twenty processes leave room to breathe on a small machine. */
const PAUSE_MS = 5;
const skip = whyNoNamespaces() ?? false;
if (skip) console.error(`SKIPPED: services on machines of their own were not tried: ${skip}`);

interface Running {
  readonly machine: Machine;
  readonly child: ChildProcess;
  readonly instance: string;
}

let network: Machines;
let mesh: Mesh;
let client: Client<typeof echo>;
const running: Running[] = [];
const script = new URL('./testing/echo-member.ts', import.meta.url).pathname;

before(async () => {
  if (skip) return;
  network = machines(SERVICES);
  const seed = `${network.all[0]!.host}:${PORT}`;
  for (const [i, machine] of network.all.entries()) {
    const instance = `echo-${i}`;
    const [command = '', ...args] = [
      ...machine.prefix,
      process.execPath,
      script,
      instance,
      machine.host,
      String(PORT),
      seed,
    ];
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    running.push({ machine, child, instance });
  }
  await Promise.all(running.map(ready));
  const telemetry = recorder();
  mesh = await joinMesh({
    self: { instance: 'caller-1', service: undefined, version: '1', contracts: [], address: undefined },
    finders: [seeds([seed])],
    clusterKey: clusterKey({ cluster: 'tests', secret: SECRET }),
    telemetry,
    transport: meshTransport({ telemetry }),
  });
  client = mesh.client(echo);
  await until('all are known', () => mesh.directory.answering(echo.name).length === SERVICES);
});

after(async () => {
  if (skip) return;
  for (const { child } of running) child.kill('SIGKILL');
  await mesh.stop();
  network[Symbol.dispose]();
});

async function ready({ child, instance }: Running): Promise<void> {
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`${instance} exited with ${code} before it was ready`);
  });
  exited.catch(() => {});
  await Promise.race([once(child.stdout!, 'data'), exited]);
}

interface Load {
  calls: number;
  readonly failures: unknown[];
  slowestMs: number;
  /** By instance, when it last answered. */
  readonly answeredAt: Map<string, number>;
}

async function underLoad(during: (load: Load) => Promise<void>): Promise<Load> {
  const load: Load = { calls: 0, failures: [], slowestMs: 0, answeredAt: new Map() };
  let over = false;
  const caller = async (): Promise<void> => {
    while (!over) {
      const began = performance.now();
      try {
        load.answeredAt.set(await client.whoami({}), performance.now());
      } catch (error) {
        load.failures.push(error);
      }
      load.calls++;
      load.slowestMs = Math.max(load.slowestMs, performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  };
  const callers = Array.from({ length: CALLERS }, caller);
  await more(load, 300);
  await during(load);
  await more(load, 300);
  over = true;
  await Promise.all(callers);
  return load;
}

const more = (load: Load, count: number): Promise<void> => {
  const enough = load.calls + count;
  return until(`${count} more calls are done`, () => load.calls >= enough);
};

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 120_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited 120 s in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Does something to the next machine while all are called, and waits until it is gone. */
async function harm(context: TestContext, what: (victim: Running) => void): Promise<Running> {
  const victim = running.shift()!;
  let goneMs = 0;
  const load = await underLoad(async () => {
    what(victim);
    const began = performance.now();
    await until('it is gone', () => mesh.directory.peer(victim.instance) === undefined);
    goneMs = performance.now() - began;
  });
  context.diagnostic(
    `gone after ${Math.round(goneMs)} ms; ${load.calls} calls, ${load.failures.length} failed, the slowest took ${Math.round(load.slowestMs)} ms`,
  );
  assert.deepEqual(load.failures, []);
  return victim;
}

const known = (count: number): Promise<void> =>
  until(`${count} are known`, () => mesh.directory.answering(echo.name).length === count);

test('a process is killed: no call fails', { skip }, async (context) => {
  await harm(context, ({ child }) => child.kill('SIGKILL'));
  await known(SERVICES - 1);
});

test('a process is frozen: no call fails, and it is known again when it thaws', { skip }, async (context) => {
  const victim = await harm(context, ({ child }) => child.kill('SIGSTOP'));
  victim.child.kill('SIGCONT');
  await known(SERVICES - 1);
  running.push(victim);
});

test('a cable is cut: no call fails, and the machine is known again when it is mended', {
  skip,
}, async (context) => {
  const victim = await harm(context, ({ machine }) => machine.link('down'));
  victim.machine.link('up');
  await known(SERVICES - 1);
  running.push(victim);
});

test('a process stops in order: no call fails', { skip }, async (context) => {
  await harm(context, ({ child }) => child.kill('SIGTERM'));
  await known(SERVICES - 2);
});
