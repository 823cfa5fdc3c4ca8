/** The backfills of a schema, run beside its service. Of all processes one fills; the others look now and then whether it still
 * does, so a process that is killed is followed by another within POLL_MS, which goes on where it stood. A backfill that fails is
 * tried again after a growing pause; why it failed stands in its row, for `goblin db status`. */
import { type Logger, sleep } from '@goblin/core';
import { requestCancel } from '../database/cancel-request.ts';
import type { Target } from '../database/connection.ts';
import { type BackfillStep, runBackfill } from './backfill.ts';
import { pending, readHistory, type Tables, tablesOf } from './history.ts';
import { type BackfillFile, isBackfill, readMigrations } from './migration-files.ts';
import { openSession, type Session } from './session.ts';
import { tryTurn } from './turn.ts';

const POLL_MS = 3_000;
const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 60_000;
const CANCEL_GRACE_MS = 500;

export interface BackfillsOptions {
  readonly target: Target;
  /** Sees how busy the server is. */
  readonly owner: Target;
  readonly schema: string;
  readonly folder: string;
  readonly log: Logger;
  readonly onStep?: ((file: BackfillFile, step: BackfillStep) => void) | undefined;
  readonly onFailure?: ((file: BackfillFile) => void) | undefined;
}

export interface Backfills {
  /** Ends the batch that runs, on the server too; what it did not commit is done by who goes on. */
  stop(): Promise<void>;
}

/** Runs what is pending in the background, and ends when nothing is. */
export function startBackfills(options: BackfillsOptions): Backfills {
  const stopping = new AbortController();
  const { signal } = stopping;

  async function loop(): Promise<void> {
    for (let failures = 0; ; ) {
      try {
        if (await fillPending(options, signal)) return;
        failures = 0;
        await sleep(POLL_MS * (0.75 + Math.random() / 2), signal);
      } catch (error) {
        if (signal.aborted) return;
        const pauseMs = Math.min(FIRST_BACKOFF_MS * 2 ** failures++, MAX_BACKOFF_MS);
        options.log.error(
          { err: error, schema: options.schema, pauseMs },
          'a backfill failed; it is tried again',
        );
        await sleep(pauseMs, signal).catch(() => {});
        if (signal.aborted) return;
      }
    }
  }

  const ended = loop().catch((error) => {
    if (!signal.aborted) throw error;
  });
  return {
    async stop() {
      stopping.abort(new Error('the process is stopping'));
      await ended;
    },
  };
}

/** Answers true when nothing is left to do, false when another process is at it.
 * @throws MIGRATION_FAILED, DATABASE_UNAVAILABLE, the reason of the signal */
export async function fillPending(options: BackfillsOptions, signal: AbortSignal): Promise<boolean> {
  const { schema, log } = options;
  const files = (await readMigrations(options.folder)).filter(isBackfill);
  if (files.length === 0) return true;
  const tables = tablesOf(schema);
  await using client = await openSession(options.target);
  const todo = async (): Promise<BackfillFile[]> =>
    pending(files, await readHistory(client, tables)).filter(isBackfill);
  if ((await todo()).length === 0) return true;
  if (!(await tryTurn(client, 'backfill', schema))) return false;
  await using observer = await openSession(options.owner);
  const cancel = (): void => void requestCancel(client, CANCEL_GRACE_MS);
  signal.addEventListener('abort', cancel, { once: true });
  try {
    for (const file of await todo()) {
      log.info({ schema, migration: file.name }, `backfill ${file.name} goes on`);
      await runBackfill(file, { client, tables, observer, signal, onStep: options.onStep }).catch((error) => {
        if (!signal.aborted) options.onFailure?.(file);
        return explain(client, tables, file, error, signal);
      });
      log.info({ schema, migration: file.name }, `backfill ${file.name} is done`);
    }
  } finally {
    signal.removeEventListener('abort', cancel);
  }
  return true;
}

async function explain(
  client: Session,
  tables: Tables,
  file: BackfillFile,
  error: Error,
  signal: AbortSignal,
): Promise<never> {
  if (!signal.aborted)
    await client
      .query(`update ${tables.backfill} set held = $2, updated_at = now() where number = $1`, [
        file.number,
        `failed: ${error.message}`,
      ])
      .catch(() => {});
  throw error;
}
