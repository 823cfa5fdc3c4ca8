/** What is fuzzed: files `packages/<package>/fuzz/<target>.fuzz.ts` that export `name` and `run`. */
import { globSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface Target {
  readonly name: string;
  /** Takes any bytes. It throws only on a bug: what the code under test refuses by a documented code is no bug, and is
   * caught here. May answer in a few words what the bytes came to; an input that comes to something new is kept and
   * changed further. May be asynchronous; has to end within MAX_RUN_MS either way, and to do the same each time. */
  run(bytes: Uint8Array): unknown;
  /** Good inputs, made by the real encoders, to begin with. */
  seeds?(): Iterable<Uint8Array>;
}

export interface TargetFile {
  readonly name: string;
  readonly path: string;
  /** Inputs that are kept: each once came to something new, or was a bug. */
  readonly corpus: string;
  readonly crashes: string;
}

const REPOSITORY = resolve(import.meta.dirname, '../..');

export function targetFiles(): TargetFile[] {
  return globSync('packages/*/fuzz/*.fuzz.ts', { cwd: REPOSITORY })
    .map((file) => targetFile(join(REPOSITORY, file)))
    .sort((one, other) => one.name.localeCompare(other.name));
}

/** Its name is the file's. */
export function targetFile(path: string): TargetFile {
  const name = basename(path, '.fuzz.ts');
  const folder = dirname(path);
  return { name, path, corpus: join(folder, 'corpus', name), crashes: join(folder, 'crashes', name) };
}

/** @throws when it is no target, or is not named as its file. */
export async function loadTarget({ name, path }: TargetFile): Promise<Target> {
  const target = (await import(pathToFileURL(path).href)) as Partial<Target>;
  if (target.name !== name) throw new Error(`${path}: export const name = '${name}'`);
  if (typeof target.run !== 'function') throw new Error(`${path}: export function run(bytes: Uint8Array)`);
  return target as Target;
}
