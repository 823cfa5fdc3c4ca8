/** How every benchmark keeps and prints what it measured. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Judged } from './targets.ts';

export interface Row {
  readonly name: string;
  readonly concurrency: number;
  readonly perSecond: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  /** CPU of all processes taking part, per operation. */
  readonly cpuMicros: number;
  /** On disk, per item that was sent. */
  readonly bytesPerItem?: number;
  /** On disk, of the bytes of the items as lines of JSON. */
  readonly shareOfRaw?: number;
  /** The most that the server's process had in memory at a time. */
  readonly peakMegabytes?: number;
}

export interface Result {
  readonly date: string;
  readonly machine: string;
  readonly node: string;
  readonly rounds: number;
  /** What else a reader must know of the run. */
  readonly conditions?: string;
  /** Of each target, the figures' ratio and whether it is met. */
  readonly targets: readonly Judged[];
  readonly rows: readonly Row[];
}

/** Writes `bench/results/<name>.json` and answers its path. */
export function keep(
  name: string,
  measured: Pick<Result, 'rounds' | 'conditions' | 'targets' | 'rows'>,
): string {
  const cpu = cpus();
  const result: Result = {
    date: new Date().toISOString(),
    machine: `${cpu.length} x ${cpu[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${release()}`,
    node: process.version,
    ...measured,
  };
  const folder = join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.json`);
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
  return path;
}

/** The rows as a Markdown table, each with its CPU as a multiple of the reference's at the same concurrency. */
export function table(rows: readonly Row[], reference: string): string {
  const lines = [
    `| | in flight | calls/s | p50 µs | p99 µs | CPU µs/call | of ${reference} |`,
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
  ];
  for (const row of [...rows].sort((a, b) => a.concurrency - b.concurrency || a.cpuMicros - b.cpuMicros)) {
    const base = rows.find((other) => other.name === reference && other.concurrency === row.concurrency);
    const ratio = base ? (row.cpuMicros / base.cpuMicros).toFixed(2) : '–';
    lines.push(
      `| ${row.name} | ${row.concurrency} | ${row.perSecond.toLocaleString('en')} | ${row.p50Micros} | ${row.p99Micros} | ${row.cpuMicros} | ${ratio} |`,
    );
  }
  return lines.join('\n');
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
