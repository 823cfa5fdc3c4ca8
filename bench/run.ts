/** `npm run bench -- calls [--rounds 3] [--seconds 2] [--only goblin,fastify]`: measures, prints a table and writes
 * bench/results/<name>.json. The frameworks it measures beside are installed on first use. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { keep, type Result, table } from './results.ts';

const BENCHMARKS: Readonly<Record<string, string>> = {
  calls: 'what a call costs, beside node:http + undici, Fastify, Moleculer and NestJS',
  startup: 'how soon a service process is ready, and what it weighs when idle',
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
    'no-keep': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const [name] = positionals;
if (values.help || name === undefined || !Object.hasOwn(BENCHMARKS, name)) {
  console.log('npm run bench -- <name> [--rounds N] [--seconds N] [--only part,part] [--no-keep]\n');
  for (const [key, text] of Object.entries(BENCHMARKS)) console.log(`  ${key.padEnd(10)} ${text}`);
  process.exit(values.help ? 0 : 2);
}

if (!existsSync(join(import.meta.dirname, 'node_modules'))) {
  console.error('installing the frameworks to measure beside …');
  execFileSync('npm', ['ci', '--prefix', import.meta.dirname], { stdio: 'inherit' });
}

const benchmark = (await import(`./${name}/run.ts`)) as {
  reference: string;
  targets: Readonly<Record<string, number>>;
  run(options: object): Promise<Pick<Result, 'rounds' | 'rows'>>;
};
const measured = await benchmark.run({
  rounds: Number(values.rounds),
  durationMs: Number(values.seconds) * 1_000,
  concurrencies: [1, 64, 512],
  only: values.only === '' ? [] : values.only.split(','),
});
console.log(table(measured.rows, benchmark.reference));
for (const [row, target] of Object.entries(benchmark.targets))
  console.log(verdict(measured.rows, row, target, benchmark.reference));
if (!values['no-keep']) console.log(`\nkept in ${keep(name, measured)}`);

function verdict(rows: Result['rows'], row: string, target: number, reference: string): string {
  const cpu = (wanted: string): number | undefined =>
    rows.find((r) => r.name === wanted && r.concurrency === 64)?.cpuMicros;
  const [own, base] = [cpu(row), cpu(reference)];
  if (own === undefined || base === undefined) return `${row}: not measured`;
  const ratio = own / base;
  return `${row}: ${ratio.toFixed(2)}x the CPU of ${reference} at 64 in flight; the target is at most ${target}x: ${ratio <= target ? 'reached' : 'MISSED'}`;
}
