/** Makes the secrets that the model names and this machine does not have yet: 256 random bits each, in a file that
 * only its owner reads. Existing files are never changed. On other engines secrets are mounted by the engine. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createPrivateFile } from '@goblin/core';
import { makePrivateFolder, secretsFolder } from './project.ts';

const SECRET_BYTES = 32;

/** @returns the names that were made now. */
export async function ensureSecrets(dataFolder: string, names: readonly string[]): Promise<string[]> {
  const folder = secretsFolder(dataFolder);
  makePrivateFolder(folder);
  const made: string[] = [];
  for (const name of names) {
    const text = `${randomBytes(SECRET_BYTES).toString('base64url')}\n`;
    if (await createPrivateFile(join(folder, name.toLowerCase()), text)) made.push(name);
  }
  return made;
}
