/** A real Docker Engine for tests: with its own socket, data and network, and one image that is made here of Debian's static
 * busybox, because nothing can be pulled. Not every machine lets one run: whether this one does is found out within START_WITHIN_MS, by
 * a container. */
import { execFile } from 'node:child_process';
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
import { type DockerProcess, dockerProcess } from './docker-process.ts';

const BUSYBOX = ['/bin/busybox', '/usr/bin/busybox'].find(existsSync);
const START_WITHIN_MS = 30_000;
/** Of one call: a slow machine takes long to make a container. */
const ANSWER_WITHIN_MS = 60_000;
const LOOK_MS = 50;
const TOO_LONG = `it takes longer than ${START_WITHIN_MS / 1_000} s`;
const BOX = 'box:1';

/** With the image `box:1`. */
export interface DockerDaemon extends AsyncDisposable {
  readonly socket: string;
  /** For another in the same network. It ends with `stop`. */
  readonly network: string;
  /** @throws what the engine says where it says no, or that it does not answer */
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

/** @param network of another. @returns why there is none */
export async function dockerDaemon(network?: string): Promise<DockerDaemon | string> {
  if (!BUSYBOX) return 'the Debian package busybox-static is not installed';
  const folder = mkdtempSync(join(tmpdir(), 'goblin-docker-'));
  const socket = join(folder, 'd.sock');
  const tar = await imageFiles(folder);
  const limit = AbortSignal.timeout(START_WITHIN_MS);
  const begun = await start(folder, socket, limit, network);
  if (typeof begun === 'string') {
    remove(folder);
    return begun;
  }
  let running = begun;

  const call = <Answer>(method: string, path: string, body?: unknown): Promise<Answer> =>
    ask<Answer>(socket, method, path, body === undefined ? undefined : JSON.stringify(body));
  const daemon: DockerDaemon = {
    socket,
    get network() {
      return running.network;
    },
    call,
    async image(name, changes) {
      const params = new URLSearchParams({ fromSrc: '-', repo: name });
      for (const change of changes) params.append('changes', change);
      await ask(socket, 'POST', `/images/create?${params}`, createReadStream(tar));
    },
    async run(name, script, options = {}) {
      const settings = {
        Image: BOX,
        Cmd: ['/bin/sh', '-c', script],
        HostConfig: { NetworkMode: 'none' },
        StopTimeout: 0,
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
      const again = await start(folder, socket, AbortSignal.timeout(START_WITHIN_MS), network);
      if (typeof again === 'string') throw new Error(again);
      running = again;
    },
    async [Symbol.asyncDispose]() {
      const left = await call<{ Id: string }[]>('GET', '/containers/json?all=1').catch(() => []);
      await Promise.all(left.map(({ Id }) => call('DELETE', `/containers/${Id}?force=1`).catch(() => {})));
      await running[Symbol.asyncDispose]();
      remove(folder);
    },
  };

  const fault = await Promise.race([faultOf(daemon), over(limit)]);
  if (fault === undefined) return daemon;
  running.kill();
  await running[Symbol.asyncDispose]();
  remove(folder);
  return `dockerd cannot run containers here: ${fault}`;
}

function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  } catch {
    // An engine that was killed may hold a file for a while; the system clears its folder of temporary files.
  }
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

async function start(
  folder: string,
  socket: string,
  limit: AbortSignal,
  network?: string,
): Promise<DockerProcess | string> {
  const engine = dockerProcess(folder, socket, network);
  if (typeof engine === 'string') return engine;
  while (!(await ask(socket, 'GET', '/info', undefined, limit).catch(() => undefined))) {
    if (engine.isOver || limit.aborted) {
      engine.kill();
      await engine[Symbol.asyncDispose]();
      return `dockerd does not start here: ${limit.aborted ? TOO_LONG : engine.said}`;
    }
    await pause(LOOK_MS);
  }
  return engine;
}

/** @returns why a container does not run. Never rejects. */
async function faultOf(daemon: DockerDaemon): Promise<string | undefined> {
  try {
    const { MemoryLimit } = await daemon.call<{ MemoryLimit: boolean }>('GET', '/info');
    if (!MemoryLimit) return 'there is no cgroup of memory';
    await daemon.image(BOX, []);
    const id = await daemon.run('probe', 'exit 0');
    const { StatusCode } = await daemon.call<{ StatusCode: number }>('POST', `/containers/${id}/wait`);
    await daemon.call('DELETE', `/containers/${id}?force=1`);
    return StatusCode === 0 ? undefined : `one ends with ${StatusCode}`;
  } catch (error) {
    return (error as Error).message;
  }
}

function over(limit: AbortSignal): Promise<string> {
  return new Promise((resolve) => limit.addEventListener('abort', () => resolve(TOO_LONG)));
}

function ask<Answer>(
  socketPath: string,
  method: string,
  path: string,
  body?: string | NodeJS.ReadableStream,
  signal: AbortSignal = AbortSignal.timeout(ANSWER_WITHIN_MS),
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': typeof body === 'string' ? 'application/json' : 'application/x-tar' };
    const asked = request({ socketPath, method, path, agent: false, headers, signal }, async (response) => {
      const { statusCode = 0 } = response;
      const answer = await json(response).catch(() => undefined);
      if (signal.aborted) reject(signal.reason);
      else if (statusCode < 400) resolve(answer as Answer);
      else reject(new Error(`${method} ${path}: ${statusCode} ${JSON.stringify(answer)}`));
    });
    asked.on('error', reject);
    if (typeof body === 'object') body.pipe(asked);
    else asked.end(body);
  });
}
