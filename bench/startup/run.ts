/** How soon a service process is ready and what it weighs when idle: `goblin run` of a small service, from spawn to
 * its first answer to `/readyz`, beside a bare node:http process. Rows: perSecond is 1/start, p50 and p99 are start
 * times over the rounds, cpuMicros is the CPU of the start; memory is printed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { median, type Result, type Row } from '../results.ts';
import type { Target } from '../targets.ts';

export const reference = 'bare node:http';
export const targets: readonly Target[] = [];

const repository = resolve(import.meta.dirname, '../..');

interface Start {
  readonly millis: number;
  readonly cpuMicros: number;
  readonly residentMegabytes: number;
  /** With what it shares with other processes (the Node binary, mostly) counted in part. */
  readonly proportionalMegabytes: number;
}

export async function run(options: { rounds: number }): Promise<Pick<Result, 'rounds' | 'rows'>> {
  const rounds = Math.max(options.rounds, 5);
  const folder = await mkdtemp(join(tmpdir(), 'goblin-startup-'));
  const bare = join(folder, 'bare.mjs');
  await writeFile(
    bare,
    `import { createServer } from 'node:http'; createServer((q, r) => r.end('ok')).listen(process.env.PORT, '127.0.0.1');`,
  );
  const starts = new Map<string, Start[]>();
  const commands: [name: string, args: string[], cwd: string][] = [
    ['bare node:http', [bare], folder],
    [
      'goblin run tax',
      [join(repository, 'packages/goblin/bin/goblin.js'), 'run', 'tax'],
      join(repository, 'examples/payments'),
    ],
  ];
  for (let round = 0; round <= rounds; round++) {
    for (const [name, args, cwd] of commands) {
      const start = await measure(
        [...args, ...(name === reference ? [] : ['--port', '47113'])],
        cwd,
        47113,
        folder,
      );
      // The first round fills the compile cache, as the first start on a machine does.
      if (round > 0) starts.set(name, [...(starts.get(name) ?? []), start]);
    }
  }
  await rm(folder, { recursive: true, force: true });
  const rows: Row[] = [...starts].map(([name, list]) => {
    const millis = list.map((start) => start.millis).sort((a, b) => a - b);
    console.log(
      `${name}: ready after ${median(millis).toFixed(0)} ms (${millis.map((m) => m.toFixed(0)).join(', ')}), idle ${median(list.map((start) => start.residentMegabytes)).toFixed(0)} MB resident, ${median(list.map((start) => start.proportionalMegabytes)).toFixed(0)} MB proportional`,
    );
    return {
      name,
      concurrency: 1,
      perSecond: Math.round(10_000 / median(millis)) / 10,
      p50Micros: Math.round(median(millis) * 1_000),
      p99Micros: Math.round(millis.at(-1)! * 1_000),
      cpuMicros: Math.round(median(list.map((start) => start.cpuMicros))),
    };
  });
  return { rounds, rows };
}

async function measure(
  args: readonly string[],
  cwd: string,
  port: number,
  dataFolder: string,
): Promise<Start> {
  const env = {
    ...process.env,
    PORT: String(port),
    GOBLIN_DATA: dataFolder,
    NODE_COMPILE_CACHE: join(dataFolder, 'cache'),
    LOG_LEVEL: 'warn',
  };
  const startedMs = performance.now();
  const child = spawn(process.execPath, [...args], { cwd, env, stdio: ['ignore', 'ignore', 'inherit'] });
  await untilReady(child, port);
  const millis = performance.now() - startedMs;
  const cpuMicros = await cpuOf(child.pid!);
  await new Promise((next) => setTimeout(next, 2_000));
  const residentMegabytes = await memoryOf(child.pid!, 'Rss');
  const proportionalMegabytes = await memoryOf(child.pid!, 'Pss');
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
  return { millis, cpuMicros, residentMegabytes, proportionalMegabytes };
}

async function untilReady(child: ChildProcess, port: number): Promise<void> {
  while (child.exitCode === null) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((next) => setTimeout(next, 2));
  }
  throw new Error(`the process ended with code ${child.exitCode} before it was ready`);
}

/** User and system time so far, by /proc (clock ticks of 10 ms). */
async function cpuOf(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** Memory in MB, by /proc. */
async function memoryOf(pid: number, kind: 'Rss' | 'Pss'): Promise<number> {
  const line = new RegExp(`^${kind}:\\s+(\\d+) kB`, 'm').exec(
    await readFile(`/proc/${pid}/smaps_rollup`, 'utf8'),
  );
  return Number(line![1]) / 1_024;
}
