/** What the commands for backups have in common: where the store is, which key, and that Ctrl-C ends them in order. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GoblinError } from '@goblin/core';
import {
  type BackupKey,
  directoryStore,
  ensureBackupKey,
  readBackupKey,
  type Vault,
  vault,
} from '@goblin/data';
import type { Project } from '@goblin/deploy/project';
import type { CommandContext } from '../command.ts';
import { onSignals } from '../run/signals.ts';
import { type Progress, progressOf } from '../terminal/progress.ts';

const INTERRUPTED = 130;

export interface BackupPlaces {
  /** Of the embedded database. */
  readonly folder: string;
  readonly vault: Vault;
  readonly key: BackupKey;
  /** Nothing is in the store yet. */
  readonly isNew: boolean;
}

/** The key is made only while the store is empty: what is in it can be read with the key that it was written with alone.
 * @throws FAILED_PRECONDITION when the database is not the embedded one; CONFIG_INVALID, STORE_UNAVAILABLE */
export async function backupPlaces(context: CommandContext, project: Project): Promise<BackupPlaces> {
  const { env, cwd } = context.io;
  refuseOwnDatabase(env);
  const named = context.text('store') ?? env.BACKUP_STORE;
  const store = await directoryStore(named ? folderOf(named, cwd) : join(project.dataFolder, 'backups'));
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

function folderOf(text: string, cwd: string): string {
  if (text.startsWith('file:')) return fileURLToPath(text);
  if (!/^\w+:\/\//.test(text)) return resolve(cwd, text);
  throw new GoblinError('INVALID_INPUT', {
    message: `${JSON.stringify(text)} is no store for backups: name a folder, such as /var/backups/shop`,
  });
}

/** Runs long work with a bar. Ctrl-C aborts it; it ends in order, and the exit code is 130. */
export async function withProgress(
  context: CommandContext,
  work: (progress: Progress, signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const stop = new AbortController();
  const progress = progressOf(context);
  const offSignals = onSignals(
    () => stop.abort(new GoblinError('CANCELED', { message: 'interrupted' })),
    () => progress.close(),
  );
  try {
    return await work(progress, stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    progress.close();
    context.io.stderr.write('goblin: interrupted; everything is as it was before\n');
    return INTERRUPTED;
  } finally {
    progress.close();
    offSignals();
  }
}
