/** The key of the backups: 32 random bytes, as base64 in a file. Without it no backup can be read, by nobody; so it has
 * to be kept in a second place, apart from the backups. */
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createPrivateFile, GoblinError } from '@goblin/core';

const KEY_BYTES = 32;
const ID_BYTES = 8;

export interface BackupKey {
  readonly secret: Buffer;
  /** Names the key and gives nothing away of it. */
  readonly id: Buffer;
  readonly file: string;
}

/** @throws CONFIG_INVALID when there is no such file, or no key in it */
export async function readBackupKey(file: string): Promise<BackupKey> {
  const text = await readFile(file, 'utf8').catch((error) => {
    throw new GoblinError('CONFIG_INVALID', {
      message: `the key of the backups cannot be read (${error.message}): put it back, or name its file by BACKUP_KEY_FILE`,
      cause: error,
    });
  });
  return keyOf(text, file);
}

/** The key of this file, made at random where there is none. @throws CONFIG_INVALID */
export async function ensureBackupKey(file: string): Promise<BackupKey> {
  await createPrivateFile(file, `${randomBytes(KEY_BYTES).toString('base64url')}\n`);
  return readBackupKey(file);
}

function keyOf(text: string, file: string): BackupKey {
  const secret = Buffer.from(text.trim(), 'base64');
  if (secret.length !== KEY_BYTES || !/^[\w+/-]{43}=?$/.test(text.trim())) {
    throw new GoblinError('CONFIG_INVALID', {
      message: `${file} does not hold a key for backups: it has to be 32 random bytes in base64, such as \`openssl rand -base64 32\` prints`,
    });
  }
  const id = createHash('sha256')
    .update('goblin backup key id\0')
    .update(secret)
    .digest()
    .subarray(0, ID_BYTES);
  return { secret, id, file };
}
