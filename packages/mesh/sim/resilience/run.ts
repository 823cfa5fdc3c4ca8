/** `npm run sim -- resilience [--scenario overload-x10,calm] [--seeds 10] [--baseline 3] [--json] [--check] [--no-keep]`:
 * how calls fare while servers are cold, slow, failing, hung, overloaded, cut off, replaced or pausing, beside a
 * plain client and server (none with --baseline 0). Prints a table and the targets, keeps the figures in
 * bench/results/sim-resilience.json and draws docs/images/resilience/<scenario>.svg. With --check a missed target is
 * exit code 1. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { GoblinError } from '@goblin/core';
import type { Way } from './cluster.ts';
import { pictureOf } from './plots.ts';
import { isFlood, SCENARIOS, type Scenario, scenarioNamed } from './scenarios.ts';
import { type Run, simulate } from './simulate.ts';
import { type Summary, summarise, tableOf, type Verdict, verdictsOf } from './summary.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const RESULTS = join(ROOT, 'bench/results/sim-resilience.json');
const IMAGES = join(ROOT, 'docs/images/resilience');

interface Kept {
  readonly date: string;
  readonly machine: string;
  readonly node: string;
  readonly goblin: string;
  readonly summaries: readonly Summary[];
  readonly targets: readonly Verdict[];
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string' },
      seeds: { type: 'string', default: '10' },
      baseline: { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      'no-keep': { type: 'boolean', default: false },
    },
  });
  const scenarios = values.scenario?.split(',').map(scenarioOrThrow) ?? SCENARIOS;
  const seeds = numberFrom(1, '--seeds', values.seeds);
  const baselines = numberFrom(0, '--baseline', values.baseline);
  const summaries: Summary[] = [];

  for (const scenario of scenarios) {
    const began = performance.now();
    const goblin = await runs(scenario, 'goblin', seeds);
    summaries.push(goblin.summary);
    if (baselines > 0) {
      const plain = await runs(scenario, 'plain', isFlood(scenario) ? 1 : Math.min(seeds, baselines));
      summaries.push(plain.summary);
      if (!values['no-keep']) draw(scenario, goblin.first, plain.first);
    }
    console.error(`${scenario.name}: ${seeds} seeds, ${((performance.now() - began) / 1_000).toFixed(1)} s`);
  }

  const targets = verdictsOf(summaries);
  if (values.json) console.log(JSON.stringify({ summaries, targets }, figures, 2));
  else {
    console.log(
      `\nmedian (worst) of ${seeds} seeds, ${baselines} of the plain way, while the trouble lasts\n`,
    );
    console.log(tableOf(summaries));
    console.log();
    for (const { what, target, found, isReached } of targets)
      console.log(`${isReached ? '✓' : '✗'} ${what}: ${found}, target ${target}`);
  }
  if (!values['no-keep']) {
    keep(summaries);
    console.error(`\nkept in ${RESULTS} and ${IMAGES}`);
  }
  if (values.check && targets.some(({ isReached }) => !isReached)) process.exitCode = 1;
}

function draw(scenario: Scenario, goblin: Run, plain: Run): void {
  mkdirSync(IMAGES, { recursive: true });
  const picture = pictureOf(scenario, goblin.recorder, plain.recorder);
  writeFileSync(join(IMAGES, `${scenario.name}.svg`), picture);
}

async function runs(
  scenario: Scenario,
  way: Way,
  seeds: number,
): Promise<{ readonly summary: Summary; readonly first: Run }> {
  const first = await simulate(scenario, way, 1);
  const findings = [first.findings];
  for (let seed = 2; seed <= seeds; seed++) findings.push((await simulate(scenario, way, seed)).findings);
  return { summary: summarise(scenario, way, findings), first };
}

/** Other scenarios keep what was found of them before. */
function keep(summaries: readonly Summary[]): void {
  const isNew = (one: Summary): boolean => summaries.some(({ scenario }) => scenario === one.scenario);
  const order = SCENARIOS.map(({ name }) => name);
  const all = [...before().filter((one) => !isNew(one)), ...summaries].sort(
    (one, other) => order.indexOf(one.scenario) - order.indexOf(other.scenario),
  );
  const kept: Kept = {
    date: new Date().toISOString(),
    machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: process.version,
    goblin: (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version,
    summaries: all,
    targets: verdictsOf(all),
  };
  mkdirSync(dirname(RESULTS), { recursive: true });
  writeFileSync(RESULTS, `${JSON.stringify(kept, figures, 2)}\n`);
}

function before(): readonly Summary[] {
  try {
    return (
      JSON.parse(readFileSync(RESULTS, 'utf8'), (_, value) => value ?? Number.POSITIVE_INFINITY) as Kept
    ).summaries;
  } catch {
    return [];
  }
}

/** JSON knows no Infinity: what never happened is null. Four digits are more than the seeds agree on. */
function figures(_: string, value: unknown): unknown {
  return typeof value === 'number' && Number.isFinite(value) ? Number(value.toPrecision(4)) : value;
}

function scenarioOrThrow(name: string): Scenario {
  const found = scenarioNamed(name);
  if (found) return found;
  throw new GoblinError('INVALID_INPUT', {
    message: `there is no scenario ${JSON.stringify(name)}; there are ${SCENARIOS.map((one) => one.name).join(', ')}`,
  });
}

function numberFrom(least: number, option: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new GoblinError('INVALID_INPUT', {
    message: `${option} ${text}: write a whole number from ${least}`,
  });
}
