/** Finds the config file: the one that is named, else the nearest above the working folder. A package.json may
 * point to it by `"goblin": { "config": "path" }`, for repositories that keep it elsewhere. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { GoblinError } from '@goblin/core';

const NAMES = ['goblin.config.ts', 'goblin.config.js', 'goblin.config.mjs'];

/** @param named by `--config` or GOBLIN_CONFIG: a file, or the folder it is in.
 * @throws NOT_FOUND saying where it was looked for. */
export function findConfigFile(named: string | undefined, cwd: string): string {
  if (named) return namedFile(resolve(cwd, named));
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const found = configIn(folder) ?? pointedTo(folder);
    if (found) return found;
    if (folder === dirname(folder)) break;
  }
  throw new GoblinError('NOT_FOUND', {
    message: `there is no ${NAMES[0]} in ${resolve(cwd)} or above it; go to your project, or name the file by --config or GOBLIN_CONFIG`,
  });
}

function namedFile(path: string): string {
  const file = configIn(path) ?? path;
  if (!existsSync(file))
    throw new GoblinError('NOT_FOUND', { message: `the config file ${path} does not exist` });
  return file;
}

function configIn(folder: string): string | undefined {
  return NAMES.map((name) => join(folder, name)).find((path) => existsSync(path));
}

function pointedTo(folder: string): string | undefined {
  const manifest = join(folder, 'package.json');
  if (!existsSync(manifest)) return undefined;
  const pointer = configField(manifest);
  if (pointer === undefined) return undefined;
  const file = resolve(folder, pointer);
  if (existsSync(file)) return file;
  throw new GoblinError('NOT_FOUND', {
    message: `${manifest} says that the config file is ${pointer}, and there is no such file`,
  });
}

function configField(manifest: string): string | undefined {
  try {
    const { goblin } = JSON.parse(readFileSync(manifest, 'utf8')) as { goblin?: { config?: unknown } };
    return typeof goblin?.config === 'string' ? goblin.config : undefined;
  } catch {
    // Not ours to judge: npm will say what is wrong with it.
    return undefined;
  }
}
