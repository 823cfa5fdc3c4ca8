/** Wakes workers when tasks became ready, so that they need not poll often. It uses the connection and the channel of
 * events; like there it is a hint that may be lost. */
import type { Database } from '../database/database.ts';
import type { Transaction } from '../database/transaction.ts';
import { announce, onAnnouncement } from '../events/announcements.ts';
import { sharedDatabase } from '../isolation/with-tenant.ts';

/** With the transaction's commit, or at once. */
export function wakeWorkers(at: Transaction | Database, kinds: readonly string[]): void {
  if ('afterCommit' in at) at.afterCommit(() => wakeWorkers(at.database, kinds));
  else for (const kind of kinds) announce(sharedDatabase(at), readyTopic(kind));
}

/** Calls `wake` when tasks of one of the kinds became ready. Answers what ends it. */
export function onReady(db: Database, kinds: readonly string[], wake: () => void): () => Promise<void> {
  return together(kinds.map((kind) => onAnnouncement(db, readyTopic(kind), wake)));
}

/** Tells workers that tasks of these kinds were canceled. */
export function tellCanceled(at: Transaction | Database): void {
  if ('afterCommit' in at) at.afterCommit(() => tellCanceled(at.database));
  else announce(at, CANCELED);
}

export function onCanceled(db: Database, check: () => void): () => Promise<void> {
  return onAnnouncement(db, CANCELED, check);
}

const CANCELED = 'task canceled';

function readyTopic(kind: string): string {
  return `task ${kind}`;
}

function together(ends: readonly (() => Promise<void>)[]): () => Promise<void> {
  return async () => {
    for (const end of ends) await end();
  };
}
