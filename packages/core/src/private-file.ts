/** Makes a file that only its owner may read, such as a key: it is written aside, flushed and linked into place. So it is
 * there whole or not at all, whenever the process dies, and of several processes that make it at once exactly one does. */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Returns whether it was made here: false where there was one already, which stays as it is. The folders above it are
 * made too. Rejects with the system's error, such as EACCES. */
export async function createPrivateFile(path: string, text: string): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const aside = `${path}.${randomUUID()}`;
  try {
    await using file = await open(aside, 'wx', 0o600);
    await file.writeFile(text);
    await file.sync();
    await link(aside, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    await rm(aside, { force: true });
  }
}
