/** A secret in a file, read again when the file changes: a new token is in use with the next message. */
import { readFile, stat } from 'node:fs/promises';
import { GoblinError } from '@goblin/core';

const MAX_BYTES = 64 * 1_024;

/** What gives the text of the file, without white space around it. Rejects with FAILED_PRECONDITION, which names the file. */
export function secretFile(path: string): () => Promise<string> {
  let text = '';
  let seen = '';
  return async () => {
    try {
      const { mtimeMs, ctimeMs, size, ino } = await stat(path);
      const now = `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
      if (now === seen) return text;
      if (size > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes`);
      const read = (await readFile(path, 'utf8')).trim();
      if (read === '') throw new Error('it is empty');
      text = read;
      seen = now;
      return text;
    } catch (cause) {
      throw new GoblinError('FAILED_PRECONDITION', {
        message: `the secret cannot be read from ${path}: ${(cause as Error).message}`,
        cause,
      });
    }
  };
}
