/** The user that PostgreSQL runs as. It refuses to run as root; so when this process is root the server runs
 * as `nobody`, and everything it reads must be reachable for that user. */
import { spawnSync } from 'node:child_process';
import { chown } from 'node:fs/promises';
import { GoblinError } from '@goblin/core';

export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

const NOBODY: ServerUser = { uid: 65_534, gid: 65_534 };

/** Undefined when the server runs as the same user as this process.
 * @throws DATABASE_UNAVAILABLE for root on a system where that is not supported. */
export function serverUser(): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  if (process.platform === 'linux') return NOBODY;
  throw new GoblinError('DATABASE_UNAVAILABLE', {
    message: 'PostgreSQL refuses to run as root: run this as an ordinary user, or set DATABASE_URL',
  });
}

/** Whether the server's user can enter this folder or run this file; asked of the kernel, so that modes, owners
 * and access lists of every folder on the way count. */
export function canReach(user: ServerUser | undefined, path: string): boolean {
  return spawnSync('test', ['-x', path], { ...user, cwd: '/' }).status === 0;
}

/** Gives a file or folder to the server's user. */
export async function giveTo(user: ServerUser | undefined, path: string): Promise<void> {
  if (user) await chown(path, user.uid, user.gid);
}
