/** `npm run fuzz [-- target …] [--seconds 10] [--seed 7]`: gives parsers bytes that nobody meant. A target is a file
 * `packages/<package>/fuzz/<target>.fuzz.ts` (tools/fuzz/target.ts says what it exports). Exits with 1 when one has a bug;
 * what shows it is kept beside the target in `crashes/`. The same seed makes the same inputs, on any machine for as
 * long as it is as fast; by default each day has its own. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { fuzzTarget, type Report } from './fuzz/fuzz-target.ts';
import { judge } from './fuzz/judge.ts';
import { loadTarget, type TargetFile, targetFiles } from './fuzz/target.ts';

const HELP = `npm run fuzz [-- target …] [options]

  --seconds N   how long each target is fuzzed (10)
  --seed N      the same number makes the same inputs (default: today's date)
  --keep        adds inputs that came to something new to the corpus
  --input FILE  runs one target with this input only, and says what it comes to

targets: ${targetFiles()
  .map(({ name }) => name)
  .join(', ')}`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '10' },
    seed: { type: 'string', default: new Date().toISOString().slice(0, 10).replaceAll('-', '') },
    keep: { type: 'boolean', default: false },
    input: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit();
}
const seconds = Number(values.seconds);
const seed = Number(values.seed);
if (!(seconds > 0 && seconds < 86_400)) refuse(`--seconds ${values.seconds}: give a number above 0`);
if (!Number.isSafeInteger(seed)) refuse(`--seed ${values.seed}: give a whole number`);
const files = targetFiles().filter(({ name }) => positionals.length === 0 || positionals.includes(name));
for (const name of positionals)
  if (!files.some((file) => file.name === name)) refuse(`there is no target ${name}\n\n${HELP}`);

if (values.input !== undefined) {
  const [file] = files;
  if (!file || files.length > 1) refuse('--input: name the one target that is to take it');
  await runInput(file, values.input);
} else {
  console.log(`seed ${seed}, ${seconds} s each`);
  for (const file of files) await fuzz(file);
}

async function runInput(file: TargetFile, path: string): Promise<void> {
  const { bug, outcome } = await judge(await loadTarget(file), readFileSync(path));
  console.log(bug ?? `no bug; it comes to: ${outcome}`);
  if (bug !== undefined) process.exitCode = 1;
}

async function fuzz(file: TargetFile): Promise<void> {
  const told = (runs: number, outcomes: number): string =>
    `${file.name.padEnd(24)} ${runs.toLocaleString('en').padStart(12)} runs  ${String(outcomes).padStart(5)} outcomes`;
  const report: Report = await fuzzTarget(file, {
    seed,
    durationMs: seconds * 1_000,
    keeps: values.keep,
    progress(runs, outcomes) {
      if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${told(runs, outcomes)}`);
    },
  });
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
  const { runs, outcomes, kept, bug } = report;
  console.log(`${told(runs, outcomes)}${kept > 0 ? `, ${kept} kept` : ''}${bug ? '  BUG' : ''}`);
  if (!bug) return;
  process.exitCode = 1;
  console.error(`\n${bug.what}\n\nkept in ${bug.path}, see ${bug.path}.txt\n`);
}

function refuse(why: string): never {
  console.error(why);
  process.exit(2);
}
