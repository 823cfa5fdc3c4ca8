/** Where the control socket of a project is. The path of a Unix socket may have at most 103 bytes on some systems;
 * for a data folder that is deeper the socket is in a private folder of the temporary one, named by a hash, so
 * that both sides still find it. */
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { GoblinError } from '@goblin/core';

const MAX_PATH_BYTES = 100;

/** @throws FORBIDDEN when somebody else has taken the place in the temporary folder. */
export function controlSocketPath(dataFolder: string): string {
  const path = join(resolve(dataFolder), 'control.sock');
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return path;
  const uid = process.getuid?.() ?? 0;
  const folder = join(tmpdir(), `goblin-${uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid: owner, mode } = lstatSync(folder);
  if (owner !== uid || (mode & 0o077) !== 0) {
    throw new GoblinError('FORBIDDEN', {
      message: `${folder} must be a folder that only you can enter: remove it, or choose a shorter data folder by --data`,
    });
  }
  return join(folder, `${createHash('sha256').update(path).digest('hex').slice(0, 16)}.sock`);
}
