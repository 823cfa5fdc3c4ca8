/** Fuzzes one target in a thread of its own, and looks after that thread: one that hangs, dies of memory or fails where
 * nobody catches it has found a bug too. What shows a bug is written into a file, with how to see it again. */
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { Worker } from 'node:worker_threads';
import { keepInput, keptInputs, MAX_KEPT } from './corpus.ts';
import { SHARED_BYTES, SHARED_HEAD_BYTES, type WorkerMessage, type WorkerOptions } from './messages.ts';
import type { TargetFile } from './target.ts';

const HANG_MS = 10_000;
const LOOK_MS = 500;
/** A thread that needs more is ended. */
const MAX_HEAP_MEGABYTES = 512;

export interface FuzzOptions {
  readonly seed: number;
  readonly durationMs: number;
  /** Adds inputs that came to something new to the corpus. */
  readonly keeps: boolean;
  /** A run that is not over by then is ended. Default 10 s, longer than a machine stands still. */
  readonly hangMs?: number;
  progress?(runs: number, outcomes: number): void;
}

export interface Report {
  readonly runs: number;
  /** Different things that inputs came to. */
  readonly outcomes: number;
  /** How many were added to the corpus. */
  readonly kept: number;
  readonly bug?: Bug;
}

export interface Bug {
  /** What was wrong, with the stack where there is one. */
  readonly what: string;
  /** The input's file. */
  readonly path: string;
}

export function fuzzTarget(file: TargetFile, options: FuzzOptions): Promise<Report> {
  const { seed, durationMs, keeps, hangMs = HANG_MS } = options;
  const shared = new SharedArrayBuffer(SHARED_BYTES);
  const head = new Uint32Array(shared, 0, 2);
  const workerData: WorkerOptions = { file, seed, durationMs, keeps, shared };
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MEGABYTES },
  });
  const { promise, resolve } = Promise.withResolvers<Report>();
  let isOver = false;
  function end(report: Report): void {
    isOver = true;
    resolve(report);
  }
  function bug(bytes: Uint8Array, what: string, runs: number): void {
    end({ runs, outcomes: 0, kept: 0, bug: { what, path: writeBug(file, bytes, what) } });
  }
  /** The thread cannot tell any more what it was doing. */
  function bugNow(what: string): void {
    if (isOver) return;
    const bytes = Uint8Array.from(new Uint8Array(shared, SHARED_HEAD_BYTES, head[1]));
    bug(bytes, what, head[0]!);
  }

  let seen = 0;
  let seenMs = performance.now();
  const looking = setInterval(() => {
    const now = performance.now();
    const runs = Atomics.load(head, 0);
    if (runs === 0 || runs !== seen) seenMs = now;
    seen = runs;
    if (now - seenMs > hangMs) bugNow(`was not over after ${hangMs} ms`);
  }, LOOK_MS);

  worker.on('message', (message: WorkerMessage) => {
    if (message.is === 'progress') options.progress?.(message.runs, message.outcomes);
    else if (message.is === 'bug') bug(message.bytes, message.bug, message.runs);
    else end({ ...message, kept: keeps ? keep(file, message.found) : 0 });
  });
  worker.on('error', (error: Error) => bugNow(`nobody caught: ${error.stack ?? error.message}`));
  worker.on('exit', (code) => bugNow(`ended the process with code ${code}`));
  return promise.finally(() => {
    clearInterval(looking);
    return worker.terminate();
  });
}

function writeBug(file: TargetFile, bytes: Uint8Array, what: string): string {
  const path = relative(process.cwd(), keepInput(file.crashes, bytes));
  const text = `${what}\n\nSee it again:   npm run fuzz -- ${file.name} --input ${path}\nOnce it is mended, move the input into ${relative(process.cwd(), file.corpus)}.\n`;
  writeFileSync(`${path}.txt`, text);
  return path;
}

function keep(file: TargetFile, found: readonly Uint8Array[]): number {
  const before = keptInputs(file.corpus).length;
  for (const bytes of found.slice(0, MAX_KEPT - before)) keepInput(file.corpus, bytes);
  return keptInputs(file.corpus).length - before;
}
