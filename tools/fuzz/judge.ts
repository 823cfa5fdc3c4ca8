/** Runs a target with one input and says what was wrong about it: that it threw, took too long or took too much memory. */
import { getHeapStatistics } from 'node:v8';
import type { Target } from './target.ts';

export const MAX_RUN_MS = 1_000;
/** What one input may allocate, garbage included. Inputs are thousands of bytes. */
export const MAX_ALLOCATED_BYTES: number = 16 * 1_048_576;

export interface Verdict {
  /** What it came to, in the target's words. */
  readonly outcome: string;
  /** Undefined when nothing was wrong. */
  readonly bug: string | undefined;
}

export async function judge(target: Target, bytes: Uint8Array): Promise<Verdict> {
  const first = await runOnce(target, bytes);
  // A machine that stood still does so once; a slow input is slow each time.
  return first.isCostly ? runOnce(target, bytes) : first;
}

async function runOnce(target: Target, bytes: Uint8Array): Promise<Verdict & { isCostly: boolean }> {
  // A copy, so that a target which writes into its input harms nobody else.
  const input = Uint8Array.from(bytes);
  const allocatedBefore = allocatedBytes();
  const startedMs = performance.now();
  let outcome = '';
  let thrown: unknown;
  try {
    const answer = target.run(input);
    outcome = String((answer instanceof Promise ? await answer : answer) ?? '');
  } catch (error) {
    thrown = error ?? new Error(`threw ${error}`);
  }
  const tookMs = performance.now() - startedMs;
  const allocated = allocatedBytes() - allocatedBefore;
  if (thrown !== undefined) return { outcome, isCostly: false, bug: stackOf(thrown) };
  if (tookMs > MAX_RUN_MS)
    return { outcome, isCostly: true, bug: `took ${Math.round(tookMs)} ms for ${bytes.length} bytes` };
  if (allocated > MAX_ALLOCATED_BYTES)
    return { outcome, isCostly: true, bug: `allocated ${allocated} bytes for ${bytes.length} bytes` };
  return { outcome, isCostly: false, bug: undefined };
}

function allocatedBytes(): number {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
}

function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}
