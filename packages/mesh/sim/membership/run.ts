/** `npm run sim -- membership [--nodes 300] [--seeds 20] [--baseline 3] [--no-keep]`: how fast and how surely a
 * cluster of this size knows what happens in it, beside the all-to-all way of ZRE. Prints a table and keeps the
 * figures in bench/results/sim-membership.json, those of other sizes too. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { getHeapStatistics } from 'node:v8';
import { heapPerNode } from './heap.ts';
import { lookupNanos } from './lookup.ts';
import { type Findings, type PhaseOptions, runPhases } from './phases.ts';
import { type Summary, summarise, TARGETS, tableOf } from './summary.ts';
import { zreNode } from './zre-model.ts';

const RESULTS = join(import.meta.dirname, '../../../../bench/results/sim-membership.json');
const EVENTS = 5;
const LOSS_MS = 60_000;
/** A cut concerns half of all pairs. Of larger clusters than this it is simulated from the first seeds only, and of
 * the largest not at all. */
const MAX_ALWAYS_CUT_NODES = 300;
const MAX_CUT_NODES = 1_200;
const CUT_SEEDS = 5;
const MAX_BASELINE_NODES = 1_200;
const TARGET_NODES = 1_200;
/** What a member's knowledge of another takes, while all are alive and while half of them are not. */
const BYTES_PER_PAIR = 500;
const BYTES_PER_CUT_PAIR = 2_500;
const SPARE_BYTES = 2 ** 30;

interface Kept {
  date: string;
  machine: string;
  node: string;
  directoryLookupNanos: number;
  sizes: { nodes: number; seconds: number; membership: Summary; zre?: Summary }[];
}

export function run(args: readonly string[]): void {
  const { values } = parseArgs({
    args: [...args],
    options: {
      nodes: { type: 'string', default: '300' },
      seeds: { type: 'string' },
      baseline: { type: 'string' },
      'no-keep': { type: 'boolean', default: false },
    },
  });
  const nodes = Number(values.nodes);
  const seeds = Number(values.seeds ?? (nodes > MAX_CUT_NODES ? 3 : 20));
  const pairBytes = nodes <= MAX_CUT_NODES ? BYTES_PER_CUT_PAIR : BYTES_PER_PAIR;
  if (ranWithRoom(SPARE_BYTES + nodes * nodes * pairBytes)) return;
  const baselines = Number(values.baseline ?? (nodes > MAX_BASELINE_NODES ? 0 : 3));
  const began = performance.now();
  const isCut = (seed: number): boolean =>
    nodes <= MAX_ALWAYS_CUT_NODES || (nodes <= MAX_CUT_NODES && seed <= CUT_SEEDS);
  const heap = heapPerNode(nodes);
  const directoryLookupNanos = lookupNanos(nodes);
  const columns: { title: string; summary: Summary }[] = [];

  /** A long run is kept as far as it has come. */
  function add(title: string, node: PhaseOptions['node'], count: number): void {
    const findings: Findings[] = [];
    for (let seed = 1; seed <= count; seed++) {
      const since = performance.now();
      const options = { nodes, seed, events: EVENTS, lossMs: LOSS_MS, partition: isCut(seed) };
      findings.push(runPhases({ ...options, ...(node && { node }) }));
      const summary = summarise(nodes, findings, node ? 0 : heap);
      if (seed > 1) columns.pop();
      columns.push({ title, summary });
      console.error(`${title}: seed ${seed} of ${count}, ${secondsSince(since)} s`);
      const [membership, zre] = columns.map((column) => column.summary);
      const size = { nodes, seconds: secondsSince(began), membership: membership!, ...(zre && { zre }) };
      if (!values['no-keep']) keep(directoryLookupNanos, size);
    }
  }
  add(`${nodes} members`, undefined, seeds);
  add(`${nodes} in ZRE's way`, zreNode, baselines);

  console.log(tableOf(columns));
  console.log(
    `\nlooking up a contract in a directory of ${nodes}: ${directoryLookupNanos} ns (target < 200 ns)`,
  );
  if (nodes === TARGET_NODES) {
    const { summary } = columns[0]!;
    for (const { what, target, found, kept } of TARGETS) {
      console.log(`${what}: ${found(summary)}, target ${target}: ${kept(summary) ? 'reached' : 'MISSED'}`);
    }
  }
  if (!values['no-keep']) console.log(`\nkept in ${RESULTS}`);
}

/** Runs this again in a process that may use so much memory, if this one may not. */
function ranWithRoom(bytes: number): boolean {
  if (getHeapStatistics().heap_size_limit >= bytes) return false;
  const [, ...command] = process.argv;
  const room = `--max-old-space-size=${Math.ceil(bytes / 2 ** 20)}`;
  const { status } = spawnSync(process.execPath, [room, ...command], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
  return true;
}

function secondsSince(began: number): number {
  return Math.round((performance.now() - began) / 1_000);
}

function keep(directoryLookupNanos: number, size: Kept['sizes'][number]): void {
  const others = before().filter(({ nodes }) => nodes !== size.nodes);
  const kept: Kept = {
    date: new Date().toISOString(),
    machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: process.version,
    directoryLookupNanos,
    sizes: [...others, size].sort((one, other) => one.nodes - other.nodes),
  };
  mkdirSync(dirname(RESULTS), { recursive: true });
  writeFileSync(RESULTS, `${JSON.stringify(kept, null, 2)}\n`);
}

function before(): Kept['sizes'] {
  try {
    return (JSON.parse(readFileSync(RESULTS, 'utf8')) as Kept).sizes;
  } catch {
    return [];
  }
}
