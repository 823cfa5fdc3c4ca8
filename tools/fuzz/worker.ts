/** The thread that fuzzes one target: changes inputs, runs them, keeps in mind those that came to something new, and stops
 * at the first bug. The input that runs stands in shared memory, so that whoever started the thread knows it even
 * if it never comes back. The same seed makes the same inputs. */
import { setImmediate } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { firstInputs, MAX_KEPT_BYTES } from './corpus.ts';
import { judge } from './judge.ts';
import { SHARED_HEAD_BYTES, type WorkerMessage, type WorkerOptions } from './messages.ts';
import { MAX_INPUT_BYTES, mutate } from './mutate.ts';
import { seeded } from './random.ts';
import { shrink } from './shrink.ts';
import { loadTarget } from './target.ts';

const PROGRESS_MS = 500;
/** What is due besides the runs (timers, streams, `nextTick`) gets its turn as often. */
const TURN_MS = 10;
/** Inputs in mind. */
const MAX_POOL = 5_000;
/** Inputs that are given to be kept. */
const MAX_FOUND = 100;
const SHRINK_MS = { bug: 3_000, found: 100 } as const;

const { file, seed, durationMs, keeps, shared } = workerData as WorkerOptions;
const head = new Uint32Array(shared, 0, 2);
const current = new Uint8Array(shared, SHARED_HEAD_BYTES);
const target = await loadTarget(file);
const random = seeded(seed);
const pool = firstInputs(target, file);
const outcomes = new Set<string>();
const news: { bytes: Uint8Array; outcome: string }[] = [];
let runs = 0;

async function run(bytes: Uint8Array): ReturnType<typeof judge> {
  current.set(bytes.subarray(0, MAX_INPUT_BYTES));
  head[1] = Math.min(bytes.length, MAX_INPUT_BYTES);
  Atomics.add(head, 0, 1);
  runs++;
  return judge(target, bytes);
}

async function reportBug(bytes: Uint8Array, bug: string): Promise<void> {
  const kind = kindOf(bug);
  const smallest = await shrink(bytes, SHRINK_MS.bug, async (smaller) => {
    const verdict = await run(smaller);
    return verdict.bug !== undefined && kindOf(verdict.bug) === kind;
  });
  const verdict = await run(smallest);
  tell({ is: 'bug', runs, bytes: smallest, bug: verdict.bug ?? bug });
}

/** Where it was thrown; of what was not thrown, what is said of it, in which numbers may differ. */
function kindOf(bug: string): string {
  return /^ +at .*$/m.exec(bug)?.[0] ?? bug.replace(/\d+/g, '');
}

function tell(message: WorkerMessage): void {
  parentPort!.postMessage(message);
}

/** Undefined at the end of the time, otherwise the bug. */
async function fuzz(): Promise<{ bytes: Uint8Array; bug: string } | undefined> {
  for (const bytes of pool) {
    const { outcome, bug } = await run(bytes);
    if (bug !== undefined) return { bytes, bug };
    outcomes.add(outcome);
  }
  const endMs = performance.now() + durationMs;
  let toldMs = performance.now();
  let turnMs = toldMs;
  for (let now = performance.now(); now < endMs; now = performance.now()) {
    const bytes = mutate(pool, random);
    const { outcome, bug } = await run(bytes);
    if (bug !== undefined) return { bytes, bug };
    if (!outcomes.has(outcome) && pool.length < MAX_POOL) {
      outcomes.add(outcome);
      pool.push(bytes);
      news.push({ bytes, outcome });
    }
    if (now - turnMs > TURN_MS) {
      await setImmediate();
      turnMs = now;
    }
    if (now - toldMs > PROGRESS_MS) {
      tell({ is: 'progress', runs, outcomes: outcomes.size });
      toldMs = now;
    }
  }
  return undefined;
}

/** Those of the new inputs that are worth a file, made small without coming to something else. */
async function foundInputs(): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for (const { bytes, outcome } of news.slice(0, keeps ? MAX_FOUND : 0)) {
    const comesToIt = async (smaller: Uint8Array): Promise<boolean> => {
      const verdict = await run(smaller);
      return verdict.bug === undefined && verdict.outcome === outcome;
    };
    const small = await shrink(bytes, SHRINK_MS.found, comesToIt);
    if (small.length <= MAX_KEPT_BYTES) found.push(small);
  }
  return found;
}

const bug = await fuzz();
if (bug) await reportBug(bug.bytes, bug.bug);
else tell({ is: 'done', runs, outcomes: outcomes.size, found: await foundInputs() });
