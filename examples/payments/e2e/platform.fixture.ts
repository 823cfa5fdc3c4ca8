/** The whole platform as a newcomer starts it: `goblin up`, here on free ports and with a data folder of its own. */
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { createPrivateFile, untilDeadline } from 'goblin';
import type { Charge } from '../acquirer/ledger.ts';
import { until } from './until.fixture.ts';

const GOBLIN = fileURLToPath(new URL('../../../packages/goblin/bin/goblin.js', import.meta.url));
const CONFIG = fileURLToPath(new URL('../goblin.config.ts', import.meta.url));
const START_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 60_000;

export interface Platform extends AsyncDisposable {
  /** Of the edge. */
  readonly url: string;
  readonly dataFolder: string;
  /** What `goblin up` said so far. */
  readonly output: string;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** A payment by the public API. Default: for the shop. */
  pay(key: string, order: object, merchant?: string): Promise<Response>;
  /** Asks Palantir. */
  palantir<T>(path: string, params?: Readonly<Record<string, string>>): Promise<T>;
  /** Runs a command beside it, such as `goblin backup now`. */
  goblin(...args: string[]): Promise<Finished>;
  /** All charges that the acquirer knows of. */
  charges(): Promise<Charge[]>;
  /** Ctrl-C. Resolves with the exit code when everything has ended. */
  stop(): Promise<number | null>;
  /** Starts again on the same ports and data. */
  start(): Promise<void>;
}

export interface Finished {
  readonly code: number | null;
  /** What it said. */
  readonly output: string;
}

export interface PlatformOptions {
  /** The config file of a copy of the project. Default: of the project itself. */
  readonly config?: string;
  /** Further environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Secrets that are there from the start. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Share of charges that meet trouble at the acquirer by chance. Default 0. */
  readonly trouble?: number;
}

export async function startPlatform(options: PlatformOptions = {}): Promise<Platform> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'goblin-e2e-'));
  const [edgePort, acquirerPort, palantirPort] = await freePorts(3);
  const url = `http://127.0.0.1:${edgePort}`;
  const env = {
    ...process.env,
    GOBLIN_PORT: String(edgePort),
    GOBLIN_PALANTIR_PORT: String(palantirPort),
    ACQUIRER_PORT: String(acquirerPort),
    ACQUIRER_TROUBLE: String(options.trouble ?? 0),
    BACKUP_STORE: join(dataFolder, 'backups'),
    ...options.env,
  };
  for (const [name, text] of Object.entries(options.secrets ?? {}))
    await createPrivateFile(join(dataFolder, 'secrets', name), text);
  let child: ChildProcess | undefined;
  let output = '';

  function goblin(...args: string[]): ChildProcessByStdio<null, Readable, Readable> {
    const all = [GOBLIN, ...args, '--config', options.config ?? CONFIG, '--data', dataFolder];
    return spawn(process.execPath, all, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  async function start(): Promise<void> {
    const up = goblin('up');
    child = up;
    for (const stream of [up.stdout, up.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await until(
      async () => up.exitCode !== null || (await answers(url)),
      START_TIMEOUT_MS,
      () => `the platform did not come up:\n${output}`,
    );
    if (up.exitCode !== null) throw new Error(`goblin up ended with ${up.exitCode}:\n${output}`);
  }

  async function stop(): Promise<number | null> {
    const up = child;
    if (!up || up.exitCode !== null) return up?.exitCode ?? null;
    const ended = once(up, 'exit');
    up.kill('SIGINT');
    await untilDeadline(ended, STOP_TIMEOUT_MS, () => `goblin up did not stop:\n${output}`).catch(
      (error: unknown) => {
        up.kill('SIGKILL');
        throw error;
      },
    );
    return up.exitCode;
  }

  const platform: Platform = {
    url,
    dataFolder,
    get output() {
      return output;
    },
    fetch: (path, init) => fetch(url + path, init),
    pay: (key, order, merchant = 'goblin-shop') =>
      fetch(`${url}/v1/payments`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key, merchant },
        body: JSON.stringify(order),
      }),
    async palantir<T>(path: string, params: Readonly<Record<string, string>> = {}) {
      const token = readFileSync(join(dataFolder, 'palantir', 'token'), 'utf8').trim();
      const answer = await fetch(`http://127.0.0.1:${palantirPort}${path}?${new URLSearchParams(params)}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      const said = await answer.text();
      if (!answer.ok) throw new Error(`palantir answered ${answer.status}: ${said}`);
      return JSON.parse(said) as T;
    },
    async goblin(...args) {
      const child = goblin(...args);
      const [stdout, stderr] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'close'),
      ]);
      return { code: child.exitCode, output: stdout + stderr };
    },
    async charges() {
      const key = readFileSync(join(dataFolder, 'secrets', 'acquirer_key'), 'utf8').trim();
      const answer = await fetch(`http://127.0.0.1:${acquirerPort}/v1/charges`, {
        headers: { authorization: `Bearer ${key}` },
      });
      return ((await answer.json()) as { charges: Charge[] }).charges;
    },
    start,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
  try {
    await start();
    return platform;
  } catch (error) {
    await platform[Symbol.asyncDispose]();
    throw error;
  }
}

/** Each service has been heard through the edge: the shop with the tax, the payments, the receipts, the webhooks. */
async function answers(url: string): Promise<boolean> {
  const status = async (path: string, body?: string): Promise<number> => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(url + path, body === undefined ? {} : { method: 'POST', headers, body });
    await answer.body?.cancel();
    return answer.status;
  };
  try {
    const statuses = [
      await status('/shop.v1/catalogue', '{}'),
      await status('/v1/payments'),
      await status(`/receipts/pay_${'0'.repeat(32)}`),
      await status('/webhooks/acquirer', '{}'),
    ];
    return statuses.join() === '200,200,404,400';
  } catch {
    return false;
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await once(server.listen(0, '127.0.0.1'), 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
