/** Makes the secrets that the model names and this machine does not have yet: 256 random bits each, in a file that
 * only its owner reads. Existing files are never changed. On other engines secrets are mounted by the engine. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makePrivateFolder, secretsFolder } from './project.ts';

const SECRET_BYTES = 32;

/** @returns the names that were made now. */
export function ensureSecrets(dataFolder: string, names: readonly string[]): string[] {
  const folder = secretsFolder(dataFolder);
  makePrivateFolder(folder);
  return names.filter((name) => {
    const text = `${randomBytes(SECRET_BYTES).toString('base64url')}\n`;
    try {
      writeFileSync(join(folder, name.toLowerCase()), text, { mode: 0o600, flag: 'wx' });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  });
}
