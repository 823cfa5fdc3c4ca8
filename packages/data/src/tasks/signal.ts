/** Tells a task something: see `job.waitFor`. */
import { context } from '@goblin/core';
import type { Database } from '../database/database.ts';
import type { Transaction } from '../database/transaction.ts';
import { jsonWithin } from './json-within.ts';
import { wakeWorkers } from './wake-up.ts';

/** What stands in the task's memory where a signal is; without `signal`, the waiting for it timed out. */
export interface Received {
  readonly signal?: unknown;
}

export async function signalTask(
  at: Transaction | Database,
  kind: string,
  which: string | number,
  name: string,
  payload: unknown,
): Promise<boolean> {
  const received: Received = { signal: payload ?? null };
  const json = jsonWithin(received, `the signal ${name} to ${kind}`);
  const id =
    typeof which === 'number'
      ? which
      : (
          await at.one<{ task: number | null }>('select goblin.task_of_key($1, $2, $3) as task', [
            kind,
            which,
            context.tenant ?? '',
          ])
        ).task;
  if (id === null) return false;
  const { told } = await at.one<{ told: boolean }>('select goblin.signal_task($1, $2, $3, $4) as told', [
    id,
    kind,
    name,
    json,
  ]);
  wakeWorkers(at, [kind]);
  return told;
}
