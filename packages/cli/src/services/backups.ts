/** What the commands for backups and the process that makes them have in common: where the store is, and which keys. */
import { join, resolve } from 'node:path';
import { type ConfigReader, GoblinError, secret, setting } from '@goblin/core';
import {
  auditPlace,
  type BackupKey,
  ensureBackupKey,
  openBlobStore,
  type PublicKey,
  readBackupKey,
  type Vault,
  vault,
} from '@goblin/data';
import type { Project } from '@goblin/deploy/project';
import type { CommandContext, Io } from '../command.ts';
import { processConfig } from '../run/process.ts';

export const BACKUP_SETTINGS = {
  BACKUP_STORE: setting.text({
    optional: true,
    description: 'Where backups are kept, instead of what the app model says: a folder, or s3://…',
  }),
  BACKUP_KEY_FILE: setting.text({
    optional: true,
    description: 'The file with the key of the backups: 32 random bytes in base64',
  }),
} as const;

export interface BackupPlaces extends AsyncDisposable {
  /** Of the embedded database. */
  readonly folder: string;
  readonly vault: Vault;
  readonly key: BackupKey;
  /** Nothing is in the store yet. */
  readonly isNew: boolean;
  /** The public key of the audit trails; undefined where there is none yet. @throws CONFIG_INVALID */
  readonly auditKey: () => Promise<PublicKey | undefined>;
}

export interface GivenStore {
  /** `--store` */
  readonly store: string | undefined;
  /** What it is relative to. */
  readonly cwd: string;
}

/** Places in settings and in the app model are relative to the project. The key is made only while the store is empty:
 * what is in it can be read with the key that it was written with alone.
 * @throws FAILED_PRECONDITION when the database is not the embedded one; CONFIG_INVALID, INVALID_INPUT, STORE_UNAVAILABLE */
export async function backupPlaces(
  project: Project,
  read: ConfigReader,
  env: Io['env'],
  given?: GivenStore,
): Promise<BackupPlaces> {
  const { folder, dataFolder, model } = project;
  refuseOwnDatabase(project, env);
  const { BACKUP_STORE: set, BACKUP_KEY_FILE: keyFile } = read(BACKUP_SETTINGS);
  const cwd = given?.store === undefined ? folder : given.cwd;
  const location = given?.store ?? set ?? model.backup?.to ?? join(dataFolder, 'backups');
  const store = await openBlobStore(location, read, { cwd });
  try {
    const { done: isNew = false } = await store.list('')[Symbol.asyncIterator]().next();
    const file = keyFile === undefined ? join(dataFolder, 'secrets', 'backup_key') : resolve(folder, keyFile);
    const key = await (isNew ? ensureBackupKey(file) : readBackupKey(file));
    return {
      folder: embeddedFolder(dataFolder),
      vault: vault(store, key),
      key,
      isNew,
      auditKey: auditPlace(dataFolder, read).publicKey,
      [Symbol.asyncDispose]: () => store.close(),
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The places as a command is told them. */
export async function commandPlaces({ io, text }: CommandContext, project: Project): Promise<BackupPlaces> {
  const { read } = processConfig('goblin', project, [], io.env);
  return backupPlaces(project, read, io.env, { store: text('store'), cwd: io.cwd });
}

export function embeddedFolder(dataFolder: string): string {
  return join(dataFolder, 'postgres');
}

function refuseOwnDatabase(project: Project, env: Io['env']): void {
  const config = processConfig('goblin', project, [], env, true);
  config.read({ DATABASE_URL: secret({ optional: true }) });
  const source = config.describe()[0]?.source;
  if (source === undefined || source === 'default') return;
  throw new GoblinError('FAILED_PRECONDITION', {
    message: `the database is your own (DATABASE_URL, from ${source}): Goblin backs up the embedded one only. Use pgBackRest, step by step in docs/guide/backup.md, or what your provider offers`,
  });
}
