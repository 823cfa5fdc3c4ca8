/** The servers that are measured, each in a process and a folder of its own, with the settings it comes with but for ports and folders.
 * InfluxDB compacts what is cold after a second instead of hours, so that its size on disk can be told at the end of a run. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DayWriter } from '../../packages/palantir/src/store/day-writer.ts';
import { dayBytes, dayPath, listDays } from '../../packages/palantir/src/store/days.ts';
import {
  DEFAULT_MAX_SERIES,
  DEFAULT_MAX_SERIES_PER_METRIC,
} from '../../packages/palantir/src/store/limits.ts';
import { startSide } from '../side.ts';
import type { Kind } from './bodies.ts';

export interface Server extends AsyncDisposable {
  readonly pid: number;
  readonly url: string;
  /** Of questions. */
  readonly headers: Readonly<Record<string, string>>;
  /** Where telemetry of this kind is sent to. */
  target(kind: Kind): { readonly url: string; readonly headers: Readonly<Record<string, string>> };
  /** Ends it, and answers how much it takes on disk when all is sealed. */
  sealedBytes(): Promise<number>;
}

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 60_000;
/** Its size stands still for so long when compaction has ended. */
const QUIET_MS = 5_000;
const SEAL_TIMEOUT_MS = 120_000;
const BLOCK_BYTES = 512;
const TOKEN = 'only-for-this-benchmark';
const HEADERS: Readonly<Record<Kind, Readonly<Record<string, string>>>> = {
  'remote write': { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
  'line protocol': { 'content-type': 'text/plain; charset=utf-8', 'content-encoding': 'gzip' },
  logs: { 'content-type': 'application/x-protobuf' },
  spans: { 'content-type': 'application/x-protobuf' },
};
const PATHS: Readonly<Record<Kind, string>> = {
  'remote write': '/api/v1/write',
  'line protocol': '/write?db=bench',
  logs: '/v1/logs',
  spans: '/v1/traces',
};

export async function palantirServer(): Promise<Server> {
  const folder = temporaryFolder('palantir');
  const program = join(import.meta.dirname, 'palantir-server.ts');
  const [side, started] = await startSide('palantir', program, [folder, TOKEN]);
  const { pid, url } = JSON.parse(started) as { pid: number; url: string };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= side.close());
  return {
    ...{ pid, url, headers: { authorization: `Bearer ${TOKEN}` } },
    target: targetOf(url),
    async sealedBytes() {
      await close();
      return sealedBytesIn(join(folder, 'store'));
    },
    async [Symbol.asyncDispose]() {
      await close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function sealedBytesIn(folder: string): number {
  const limits = { series: DEFAULT_MAX_SERIES, seriesPerMetric: DEFAULT_MAX_SERIES_PER_METRIC };
  let bytes = 0;
  for (const day of listDays(folder)) {
    const writer = new DayWriter(dayPath(folder, day), day, limits, Date.now());
    writer.sealAll();
    writer.close();
    bytes += dayBytes(folder, day);
  }
  return bytes;
}

/** Undefined, and said so, where it is not installed. */
export function influxServer(): Promise<Server | undefined> {
  return external('influxd', 'influxdb', '/ping', async (folder, port) => {
    const config = [
      `reporting-disabled = true\nbind-address = "127.0.0.1:${await freePort()}"`,
      `[meta]\ndir = "${folder}/meta"\n[data]\ndir = "${folder}/data"\nwal-dir = "${folder}/wal"`,
      'cache-snapshot-write-cold-duration = "1s"\ncompact-full-write-cold-duration = "1s"\nquery-log-enabled = false',
      `[http]\nbind-address = "127.0.0.1:${port}"\nlog-enabled = false\n[monitor]\nstore-enabled = false`,
    ];
    writeFileSync(join(folder, 'influxdb.conf'), config.join('\n'));
    return {
      args: ['-config', join(folder, 'influxdb.conf')],
      ready: async (url) => void (await fetch(`${url}/query?q=CREATE+DATABASE+bench`, { method: 'POST' })),
    };
  });
}

/** Undefined, and said so, where it is not installed. */
export function victoriaServer(): Promise<Server | undefined> {
  return external('victoria-metrics', 'victoria-metrics', '/health', async (folder, port) => ({
    args: [`-storageDataPath=${folder}/data`, `-httpListenAddr=127.0.0.1:${port}`, '-loggerLevel=ERROR'],
    seal: async (url) => {
      await fetch(`${url}/internal/force_flush`);
      await fetch(`${url}/internal/force_merge`);
    },
  }));
}

interface External {
  readonly args: readonly string[];
  ready?(url: string): Promise<void>;
  seal?(url: string): Promise<void>;
}

async function external(
  program: string,
  debianPackage: string,
  readyPath: string,
  prepare: (folder: string, port: number) => Promise<External>,
): Promise<Server | undefined> {
  if (spawnSync(program, ['--help'], { stdio: 'ignore' }).error) {
    console.error(`SKIPPED ${debianPackage}: it is not installed (apt-get install ${debianPackage})`);
    return undefined;
  }
  const folder = temporaryFolder(debianPackage);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { args, ready, seal } = await prepare(folder, port);
  const child = spawn(program, [...args], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  await untilReady(child, url + readyPath);
  await ready?.(url);
  return {
    ...{ pid: child.pid!, url, headers: {} },
    target: targetOf(url),
    async sealedBytes() {
      await seal?.(url);
      return quietBytes(folder);
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await exited;
      clearTimeout(late);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function targetOf(url: string): Server['target'] {
  return (kind) => ({ url: url + PATHS[kind], headers: HEADERS[kind] });
}

async function untilReady(child: ChildProcess, url: string): Promise<void> {
  for (const endsAt = performance.now() + START_TIMEOUT_MS; performance.now() < endsAt; await pause(50)) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with code ${child.exitCode}`);
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
  }
  throw new Error(`${child.spawnfile} did not start`);
}

async function quietBytes(folder: string): Promise<number> {
  let [bytes, since] = [bytesIn(folder), performance.now()];
  for (const endsAt = since + SEAL_TIMEOUT_MS; performance.now() < endsAt; await pause(500)) {
    const now = bytesIn(folder);
    if (now !== bytes) [bytes, since] = [now, performance.now()];
    else if (performance.now() - since >= QUIET_MS) break;
  }
  return bytes;
}

/** What is allocated: some files are made large in advance. Files may go while it looks. */
function bytesIn(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile())
      bytes +=
        BLOCK_BYTES * (statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.blocks ?? 0);
  return bytes;
}

function temporaryFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `goblin-bench-${name}-`));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
