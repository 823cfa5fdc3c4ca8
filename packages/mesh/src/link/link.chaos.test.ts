import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { type Client, clientOf, type GoblinError } from '@goblin/core';
import { peerAt } from '../testing/peer-at.ts';
import { probe } from '../testing/transport-cases.ts';
import { until } from '../testing/until.ts';
import { linkTransport } from './link-transport.ts';
import { serveLinks } from './testing/serve-links.ts';

interface Instance extends AsyncDisposable {
  readonly child: ChildProcess;
  /** What it has printed first. */
  readonly said: string;
}

async function start(script: string, ...args: string[]): Promise<Instance> {
  const path = new URL(`./testing/${script}.ts`, import.meta.url).pathname;
  const child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await once(child.stdout!, 'data');
  return {
    child,
    said: String(said).trim(),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

interface Caller extends AsyncDisposable {
  readonly instance: Instance;
  readonly client: Client<typeof probe>;
}

/** A caller of a process of its own. */
async function callerOfInstance(): Promise<Caller> {
  const instance = await start('link-instance');
  const transport = linkTransport();
  const peer = peerAt({ host: '127.0.0.1', port: Number(instance.said) });
  const alive = setInterval(() => {}, 60_000);
  return {
    instance,
    client: clientOf(probe, (call) => transport.call(peer, call)),
    async [Symbol.asyncDispose]() {
      clearInterval(alive);
      await instance[Symbol.asyncDispose]();
      await transport.close();
    },
  };
}

test('when the other side is killed, every call settles at once, and so do streams', async (t) => {
  await using caller = await callerOfInstance();
  const { client, instance } = caller;
  await client.echo({ text: 'x' });
  const calls = Array.from({ length: 500 }, () => client.hang({}, { deadline: '10m' }));
  const stream = client.tick({})[Symbol.asyncIterator]();
  for (let i = 0; i < 3; i++) await stream.next();
  const settled = Promise.allSettled([...calls, stream.next()]);
  const killedAt = performance.now();
  instance.child.kill('SIGKILL');
  for (const outcome of await settled)
    assert.equal(outcome.status === 'rejected' && (outcome.reason as GoblinError).code, 'CONNECTION_FAILED');
  t.diagnostic(`settled after ${Math.round(performance.now() - killedAt)} ms`);
});

test('when the other side freezes, its calls end long before their deadline; when it only stalls, they go on', async (t) => {
  await using caller = await callerOfInstance();
  const { client, instance } = caller;
  await client.echo({ text: 'x' });
  instance.child.kill('SIGSTOP');
  const stalled = client.echo({ text: 'stalled' }, { deadline: '10m' });
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  instance.child.kill('SIGCONT');
  assert.deepEqual(await stalled, { text: 'stalled' });
  instance.child.kill('SIGSTOP');
  const frozenAt = performance.now();
  await assert.rejects(client.echo({ text: 'frozen' }, { deadline: '10m' }), { code: 'CONNECTION_FAILED' });
  t.diagnostic(`ended after ${Math.round(performance.now() - frozenAt)} ms`);
});

test('when a caller is killed, all that it had asked for is cancelled', async () => {
  await using served = await serveLinks();
  await using caller = await start('link-caller', String(served.port));
  await until(() => served.record.running === 50, 'all run');
  caller.child.kill('SIGKILL');
  await until(() => served.record.running === 0, 'all have ended');
});
