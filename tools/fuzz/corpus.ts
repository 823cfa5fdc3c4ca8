/** Inputs in files named by their content, so that the same input is kept once. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Target, TargetFile } from './target.ts';

/** Longer ones are not kept: they are slow to change and to understand. */
export const MAX_KEPT_BYTES = 1_024;
/** Of one target. */
export const MAX_KEPT = 40;

export interface KeptInput {
  readonly file: string;
  readonly bytes: Uint8Array;
}

export function keptInputs(folder: string): KeptInput[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names.sort().map((name) => ({ file: join(folder, name), bytes: readFileSync(join(folder, name)) }));
}

/** What a target is begun with: its seeds and what was kept. Never empty. */
export function firstInputs(target: Target, { corpus }: TargetFile): Uint8Array[] {
  const inputs = [...(target.seeds?.() ?? []), ...keptInputs(corpus).map(({ bytes }) => bytes)];
  return inputs.length > 0 ? inputs : [new Uint8Array()];
}

/** Its path. */
export function keepInput(folder: string, bytes: Uint8Array): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, createHash('sha256').update(bytes).digest('hex').slice(0, 16));
  writeFileSync(path, bytes);
  return path;
}
