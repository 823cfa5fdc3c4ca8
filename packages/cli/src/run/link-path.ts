/** Where an instance takes links from its own machine: a Unix socket in the project's data folder, which costs a call less
 * than TCP does. It is a bonus: where it cannot be, links go by TCP. A process that stops removes its own socket; those that
 * killed ones left behind are removed by the next that starts. */
import { readdir, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { makePrivateFolder, type Project } from '@goblin/deploy/project';

const FOLDER = 'run';
const SUFFIX = '.sock';
/** Some systems take no more of a Unix socket's path than 103. */
const MAX_PATH_BYTES = 100;
const PLAIN_NAME = /^[\w.-]+$/;
/** What can be announced: see parseAnnouncement of the mesh. */
const ANNOUNCEABLE = /^[!#-[\]-~]+$/;

/** Undefined where there can be none. @throws CONFIG_INVALID when its folder cannot be made. */
export function linkPathOf(
  { dataFolder }: Pick<Project, 'dataFolder'>,
  instance: string,
): string | undefined {
  const folder = join(dataFolder, FOLDER);
  const path = join(folder, `${instance}${SUFFIX}`);
  if (process.platform === 'win32' || !PLAIN_NAME.test(instance)) return undefined;
  if (Buffer.byteLength(path) > MAX_PATH_BYTES || !ANNOUNCEABLE.test(path)) return undefined;
  makePrivateFolder(folder);
  return path;
}

/** Removes the sockets that nobody answers at any more. */
export async function removeDeadSockets({ dataFolder }: Pick<Project, 'dataFolder'>): Promise<void> {
  const folder = join(dataFolder, FOLDER);
  const names = await readdir(folder).catch(() => []);
  await Promise.all(
    names.filter((name) => name.endsWith(SUFFIX)).map((name) => removeIfDead(join(folder, name))),
  );
}

function removeIfDead(path: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'ECONNREFUSED') unlink(path).then(resolve, () => resolve());
      else resolve();
    });
  });
}
