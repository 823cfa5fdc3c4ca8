/** A real Docker Engine for tests: with its own socket, data and network, and one image that is made here of Debian's static
 * busybox, because nothing can be pulled. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const BUSYBOX = ['/bin/busybox', '/usr/bin/busybox'].find(existsSync);
const DOCKERD = ['/usr/sbin/dockerd', '/usr/bin/dockerd'].find(existsSync);
const STARTS_WITHIN_MS = 30_000;
const STOPS_WITHIN_MS = 20_000;

export interface DockerDaemon extends AsyncDisposable {
  readonly socket: string;
  /** @throws what the engine says where it says no */
  call<Answer = unknown>(method: string, path: string, body?: unknown): Promise<Answer>;
  /** An image of busybox. @param changes as in a Dockerfile */
  image(name: string, changes: readonly string[]): Promise<void>;
  /** Makes and starts a container that runs a script. @returns its id */
  run(name: string, script: string, options?: Readonly<Record<string, unknown>>): Promise<string>;
  exec(id: string, script: string): Promise<void>;
  /** Ends the engine, and its containers. */
  stop(): Promise<void>;
  /** Starts it again. */
  start(): Promise<void>;
}

/** @returns why there is none. */
export async function dockerDaemon(): Promise<DockerDaemon | string> {
  if (!DOCKERD) return 'the Debian package docker.io is not installed';
  if (!BUSYBOX) return 'the Debian package busybox-static is not installed';
  if (process.getuid?.() !== 0) return 'dockerd needs root';
  const folder = mkdtempSync(join(tmpdir(), 'goblin-docker-'));
  const socket = join(folder, 'd.sock');
  const tar = await imageFiles(folder);
  const begun = await start(folder, socket);
  if (typeof begun === 'string') {
    rmSync(folder, { recursive: true, force: true });
    return begun;
  }
  let running = begun;

  const call = <Answer>(method: string, path: string, body?: unknown): Promise<Answer> =>
    ask<Answer>(socket, method, path, body === undefined ? undefined : JSON.stringify(body));
  return {
    socket,
    call,
    async image(name, changes) {
      const params = new URLSearchParams({ fromSrc: '-', repo: name });
      for (const change of changes) params.append('changes', change);
      await ask(socket, 'POST', `/images/create?${params}`, createReadStream(tar));
    },
    async run(name, script, options = {}) {
      const settings = {
        Image: 'box:1',
        Cmd: ['/bin/sh', '-c', script],
        HostConfig: { NetworkMode: 'none' },
        ...options,
      };
      const { Id } = await call<{ Id: string }>('POST', `/containers/create?name=${name}`, settings);
      await call('POST', `/containers/${Id}/start`);
      return Id;
    },
    async exec(id, script) {
      const { Id } = await call<{ Id: string }>('POST', `/containers/${id}/exec`, {
        Cmd: ['/bin/sh', '-c', script],
      });
      await call('POST', `/exec/${Id}/start`, { Detach: true });
    },
    async stop() {
      await running[Symbol.asyncDispose]();
    },
    async start() {
      const again = await start(folder, socket);
      if (typeof again === 'string') throw new Error(again);
      running = again;
    },
    async [Symbol.asyncDispose]() {
      const left = await call<{ Id: string }[]>('GET', '/containers/json?all=1').catch(() => []);
      await Promise.all(left.map(({ Id }) => call('DELETE', `/containers/${Id}?force=1`).catch(() => {})));
      await running[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function imageFiles(folder: string): Promise<string> {
  const bin = join(folder, 'image', 'bin');
  mkdirSync(bin, { recursive: true });
  copyFileSync(BUSYBOX!, join(bin, 'busybox'));
  for (const tool of ['sh', 'sleep', 'echo', 'touch', 'rm']) symlinkSync('busybox', join(bin, tool));
  const tar = join(folder, 'image.tar');
  await promisify(execFile)('tar', ['-C', join(folder, 'image'), '-cf', tar, '.']);
  return tar;
}

async function start(folder: string, socket: string): Promise<AsyncDisposable | string> {
  // In namespaces of its own: what it mounts, and its bridges, are gone with it.
  const child = spawn(
    'unshare',
    [
      ...['--mount', '--net', 'sh', '-c', 'ip link set lo up; exec "$0" "$@"', DOCKERD!],
      ...['--host', `unix://${socket}`, '--pidfile', join(folder, 'pid'), '--log-level', 'error'],
      ...['--data-root', join(folder, 'root'), '--exec-root', join(folder, 'exec')],
      ...['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false'],
      '--shutdown-timeout=1',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const said: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  const exited = once(child, 'exit');
  const deadline = Date.now() + STARTS_WITHIN_MS;
  while (!(await ask(socket, 'GET', '/info').catch(() => undefined))) {
    const isOver = child.exitCode !== null || Date.now() > deadline;
    if (isOver) {
      child.kill('SIGKILL');
      return `dockerd does not start here: ${said.join('').trim().split('\n').at(-1)}`;
    }
    await pause(50);
  }
  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), STOPS_WITHIN_MS);
      await exited;
      clearTimeout(killer);
    },
  };
}

function ask<Answer>(
  socketPath: string,
  method: string,
  path: string,
  body?: string | NodeJS.ReadableStream,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': typeof body === 'string' ? 'application/json' : 'application/x-tar' };
    const asked = request({ socketPath, method, path, agent: false, headers }, async (response) => {
      const { statusCode = 0 } = response;
      const answer = await json(response).catch(() => undefined);
      if (statusCode < 400) resolve(answer as Answer);
      else reject(new Error(`${method} ${path}: ${statusCode} ${JSON.stringify(answer)}`));
    });
    asked.on('error', reject);
    if (typeof body === 'object') body.pipe(asked);
    else asked.end(body);
  });
}
