/** Which files a service is made of: its folder, and what its sources import from outside of it by relative paths,
 * followed through. Imports are found by their text, so it needs no running process and also works while
 * a file does not compile. Not seen: computed import paths, and packages of node_modules. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join, resolve, sep } from 'node:path';

const SOURCE = new Set(['.ts', '.mts', '.js', '.mjs', '.json']);
const IMPORT = /\b(?:from|import)\s*\(?\s*['"](\.{1,2}\/[^'"\n]+)['"]/g;
const MAX_FILES = 2_000;

export interface SourceFiles {
  /** Absolute paths; of imports also those that do not exist yet. */
  readonly files: readonly string[];
  /** The folders that these are in, and empty ones: a change in one of them may change the files. */
  readonly folders: ReadonlySet<string>;
  /** Names the content: changes when any of the files does. 10 hex digits. */
  readonly version: string;
}

/** @param folder everything in it counts; undefined when only `more` do.
 * @param more files that matter too, whether they exist or not. */
export function sourceFiles(folder: string | undefined, more: readonly string[] = []): SourceFiles {
  const files = new Set<string>();
  const folders = new Set<string>();
  const digest = createHash('sha256');
  const waiting = [...(folder === undefined ? [] : filesBelow(folder, folders)), ...more].sort();
  for (let path = waiting.shift(); path !== undefined && files.size < MAX_FILES; path = waiting.shift()) {
    if (files.has(path)) continue;
    files.add(path);
    folders.add(dirname(path));
    const content = contentOf(path);
    digest.update(`${path}\0${content.length}\0`).update(content);
    if (SOURCE.has(extname(path))) waiting.push(...importsOf(path, content.toString('utf8')));
  }
  return { files: [...files], folders, version: digest.digest('hex').slice(0, 10) };
}

/** Tests, notes, hidden files and what editors leave beside a file do not change what a service does. */
function isIgnored(name: string): boolean {
  return (
    name.startsWith('.') || name === 'node_modules' || /(\.test\.[cm]?[jt]s|\.md|~|\.sw[a-z])$/.test(name)
  );
}

function* filesBelow(folder: string, folders: Set<string>): Generator<string> {
  folders.add(folder);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (isIgnored(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path, folders);
    else if (entry.isFile()) yield path;
  }
}

function importsOf(path: string, text: string): string[] {
  const found = [...text.matchAll(IMPORT)].map((match) => resolve(dirname(path), match[1]!));
  return found.filter((file) => !file.includes(`${sep}node_modules${sep}`));
}

/** Empty for a file that is not there, or no longer. */
function contentOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}
