/** `npm run bench -- calls [--rounds 3] [--seconds 2] [--only goblin,fastify]`: measures, prints the rows and what became
 * of the targets, and writes bench/results/<name>.json. The frameworks it measures beside are installed on first use. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { keep, type Result, table } from './results.ts';
import { judge, type Target, targetTable } from './targets.ts';

const BENCHMARKS: Readonly<Record<string, string>> = {
  calls: 'what a call costs, beside bare frames, node:http + undici and the frameworks that others use',
  startup: 'how soon a service process is ready, and what it weighs when idle',
  tasks: 'durable tasks beside the queues that others use: enqueue, claim and finish, latency, full tables',
  telemetry:
    'Palantir beside InfluxDB and VictoriaMetrics: metrics, logs and traces by HTTP, their size, questions',
  overhead: 'what telemetry costs the services of the payments example at full load',
};
const HELP = `npm run bench -- <name> [options]

${Object.entries(BENCHMARKS)
  .map(([name, text]) => `  ${name.padEnd(12)} ${text}`)
  .join('\n')}

  --rounds N   how often each row is measured, medians count (3)
  --seconds N  how long one measurement takes (2)
  --only A,B   only rows whose names contain one of these; such a run is not kept
  --scale N    tasks: how many lie in a full table (100000); telemetry: log lines that are searched, a tenth of
               them spans (1000000)
  --no-keep    does not write bench/results/<name>.json`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
    scale: { type: 'string' },
    'no-keep': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const [name] = positionals;
if (values.help || name === undefined || !Object.hasOwn(BENCHMARKS, name)) {
  console.log(HELP);
  process.exit(values.help ? 0 : 2);
}
const rounds = above0('rounds', values.rounds);
const seconds = above0('seconds', values.seconds);
const scale = values.scale === undefined ? undefined : above0('scale', values.scale);
const only = values.only.split(',').filter((part) => part !== '');

type Measured = Pick<Result, 'rounds' | 'conditions' | 'rows'>;

installPeers();
const benchmark = (await import(`./${name}/run.ts`)) as {
  reference: string;
  targets: readonly Target[];
  /** Default: by concurrency and CPU. */
  print?(rows: Result['rows']): string;
  run(options: object): Promise<Measured>;
};
const measured = await benchmark.run({
  rounds,
  durationMs: seconds * 1_000,
  concurrencies: [1, 64, 512],
  ...(scale !== undefined && { scale }),
  only,
});
const targets = judge(benchmark.targets, measured.rows);
console.log(benchmark.print?.(measured.rows) ?? table(measured.rows, benchmark.reference));
if (targets.length > 0) console.log(`\n${targetTable(targets)}`);
if (!values['no-keep'] && only.length === 0) {
  const { rows, ...rest } = measured;
  console.log(`\nkept in ${keep(name, { ...rest, targets, rows })}`);
}

function above0(option: string, text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  console.error(`--${option} ${text}: give a number above 0`);
  process.exit(2);
}

/** Again when the list of frameworks has changed since. npm writes down what it has installed. */
function installPeers(): void {
  const folder = import.meta.dirname;
  const wanted = dependenciesIn(join(folder, 'package-lock.json'));
  const installed = dependenciesIn(join(folder, 'node_modules/.package-lock.json'));
  if (Object.entries(wanted).every(([path, version]) => installed[path] === version)) return;
  console.error('installing the frameworks to measure beside …');
  execFileSync('npm', ['ci', '--prefix', folder], { stdio: 'inherit' });
}

function dependenciesIn(lock: string): Record<string, string> {
  let text: string;
  try {
    text = readFileSync(lock, 'utf8');
  } catch {
    return {};
  }
  const { packages } = JSON.parse(text) as {
    packages: Record<string, { version: string; optional?: boolean }>;
  };
  const installed = Object.entries(packages).filter(([path, { optional }]) => path !== '' && !optional);
  return Object.fromEntries(installed.map(([path, { version }]) => [path, version]));
}
