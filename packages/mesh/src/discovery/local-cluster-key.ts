/** The key of a cluster that lives on one machine: made at random on first use and kept in the project's data
 * folder as `cluster.key`, readable by its owner only. The file holds one secret per line, the first seals.
 * Several processes may start at once: exactly one of them makes it. */
import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createPrivateFile, GoblinError } from '@goblin/core';
import { clusterKey } from './cluster-key.ts';
import type { ClusterKey } from './finder.ts';

const FILE = 'cluster.key';

/** @throws CONFIG_INVALID when others may read the file or it holds no usable secret. */
export async function localClusterKey(options: {
  readonly cluster: string;
  readonly dataFolder: string;
}): Promise<ClusterKey> {
  const path = join(options.dataFolder, FILE);
  const text = (await read(path)) ?? (await create(path));
  const secret = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (secret.length === 0) {
    throw new GoblinError('CONFIG_INVALID', {
      message: `${path} is empty: delete it, and a new key is made at the next start`,
    });
  }
  return clusterKey({ cluster: `${options.cluster}-${placeOf(options.dataFolder)}`, secret });
}

/** Two copies of a project on one machine are two clusters, which speak on different ports. */
function placeOf(dataFolder: string): string {
  return createHash('sha256').update(resolve(dataFolder)).digest('hex').slice(0, 8);
}

async function read(path: string): Promise<string | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unusable(path, error);
  }
  await using _closing = file;
  const { mode } = await file.stat();
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new GoblinError('CONFIG_INVALID', {
      message: `${path} can be read by others (mode ${(mode & 0o777).toString(8)}): run chmod 600 ${path}`,
    });
  }
  return file.readFile('utf8');
}

async function create(path: string): Promise<string> {
  try {
    await createPrivateFile(path, `${randomBytes(32).toString('hex')}\n`);
  } catch (error) {
    throw unusable(path, error);
  }
  return (await read(path)) ?? '';
}

function unusable(path: string, cause: unknown): GoblinError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new GoblinError('CONFIG_INVALID', {
    message: `the cluster's key ${path} cannot be used: ${reason}`,
    cause,
  });
}
