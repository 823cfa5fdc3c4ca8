/** Runs a suite: `unit` (fast, the inner loop), `e2e` (the whole platform and a real browser), `chaos` (kills,
 * frozen processes, budgets). Extra arguments are patterns that file names must contain.
 * @example node tools/run-tests.ts unit packages/core */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { resolve } from 'node:path';

/** `timeoutMs` is for each test; a file has twice as long. */
const SUITES: Readonly<Record<string, { pattern: string; concurrency: number; timeoutMs: number }>> = {
  unit: { pattern: '**/*.test.ts', concurrency: 2, timeoutMs: 300_000 },
  e2e: { pattern: '**/*.e2e.test.ts', concurrency: 1, timeoutMs: 300_000 },
  chaos: { pattern: '**/*.chaos.test.ts', concurrency: 1, timeoutMs: chaosTimeoutMs() },
};

/** A long run, asked for by a number of kills, may take an hour. */
function chaosTimeoutMs(): number {
  return process.env.GOBLIN_CHAOS_KILLS === undefined ? 900_000 : 3_600_000;
}

/** A test file is a process, and most of a short one's time goes into loading: this takes a quarter off it. */
const COMPILED = resolve('node_modules/.cache/compiled');

const LIMIT = new URL('./test-limit.ts', import.meta.url).href;

const [name = 'unit', ...filters] = process.argv.slice(2);
const suite = SUITES[name];
if (!suite) {
  console.error(`There is no suite ${JSON.stringify(name)}; there are ${Object.keys(SUITES).join(', ')}.`);
  process.exit(2);
}

const roots = ['packages', 'examples', 'docs', 'bench', 'tools'];
const files = roots
  .flatMap((root) =>
    globSync(`${root}/${suite.pattern}`, {
      exclude: (path) => path.includes('node_modules') || path.includes('.goblin'),
    }),
  )
  .filter((file) => name !== 'unit' || !/\.(e2e|chaos)\.test\.ts$/.test(file))
  .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
  .sort();
if (files.length === 0) {
  console.error(`No ${name} test file matches ${filters.join(', ')}.`);
  process.exit(2);
}

const child = spawn(
  process.execPath,
  [
    '--import',
    LIMIT,
    '--test',
    `--test-concurrency=${suite.concurrency}`,
    `--test-timeout=${suite.timeoutMs}`,
    ...files,
  ],
  {
    stdio: 'inherit',
    env: {
      NODE_COMPILE_CACHE: COMPILED,
      ...process.env,
      NODE_ENV: 'test',
      GOBLIN_TEST_LIMIT_MS: String(2 * suite.timeoutMs),
    },
  },
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
