/** What the commands for backups have in common: where the store is, and which key. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { GoblinError } from '@goblin/core';
import {
  type BackupKey,
  ensureBackupKey,
  openBlobStore,
  readBackupKey,
  type Vault,
  vault,
} from '@goblin/data';
import type { Project } from '@goblin/deploy/project';
import type { CommandContext } from '../command.ts';
import { processConfig } from '../run/process.ts';

export interface BackupPlaces {
  /** Of the embedded database. */
  readonly folder: string;
  readonly vault: Vault;
  readonly key: BackupKey;
  /** Nothing is in the store yet. */
  readonly isNew: boolean;
}

/** The key is made only while the store is empty: what is in it can be read with the key that it was written with alone.
 * @throws FAILED_PRECONDITION when the database is not the embedded one; CONFIG_INVALID, INVALID_INPUT, STORE_UNAVAILABLE */
export async function backupPlaces(context: CommandContext, project: Project): Promise<BackupPlaces> {
  const { env, cwd } = context.io;
  refuseOwnDatabase(env);
  const named = context.text('store') ?? env.BACKUP_STORE;
  const { read } = processConfig('goblin', project, [], env);
  const store = await openBlobStore(named ?? join(project.dataFolder, 'backups'), read, { cwd });
  const keyFile = env.BACKUP_KEY_FILE
    ? resolve(cwd, env.BACKUP_KEY_FILE)
    : join(project.dataFolder, 'secrets', 'backup_key');
  const { done: isNew = false } = await store.list('')[Symbol.asyncIterator]().next();
  const key = await (isNew ? ensureBackupKey(keyFile) : readBackupKey(keyFile));
  return { folder: embeddedFolder(project.dataFolder), vault: vault(store, key), key, isNew };
}

export function embeddedFolder(dataFolder: string): string {
  return join(dataFolder, 'postgres');
}

function refuseOwnDatabase(env: CommandContext['io']['env']): void {
  if (!env.DATABASE_URL && !env.DATABASE_URL_FILE && !existsSync('/run/secrets/database_url')) return;
  throw new GoblinError('FAILED_PRECONDITION', {
    message:
      'the database is your own (DATABASE_URL): Goblin backs up the embedded one only. Use pgBackRest, step by step in docs/guide/backup.md, or what your provider offers',
  });
}
