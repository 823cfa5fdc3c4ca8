/** A real nats-server with JetStream, which carries events to the branch. When it is killed it is started again at once, as a supervisor
 * does, on the same port and with what it has stored. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../surely.ts';
import type { KillableServer } from './world.ts';

const START_MS = 30_000;

/** Why there is none; undefined where it is installed. */
export const noNats: string | undefined = spawnSync('nats-server', ['--version']).error
  ? 'there is no nats-server, so no events are carried to the branch: apt-get install nats-server'
  : undefined;

export interface NatsServer extends KillableServer, AsyncDisposable {
  readonly url: string;
}

export async function natsServer(): Promise<NatsServer> {
  const port = await freePort();
  const store = await mkdtemp(join(tmpdir(), 'goblin-nats-'));
  const options = ['--addr', '127.0.0.1', '--port', String(port), '--jetstream', '--store_dir', store];
  let child: ChildProcess;

  async function start(): Promise<void> {
    child = spawn('nats-server', options, { stdio: 'ignore' });
    await until('nats-server listens', () => isOpen(port), START_MS);
  }
  async function end(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  await start();
  return {
    name: 'nats-server',
    url: `nats://127.0.0.1:${port}`,
    async kill() {
      await end();
      await start();
    },
    async [Symbol.asyncDispose]() {
      await end();
      await rm(store, { recursive: true });
    },
  };
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
