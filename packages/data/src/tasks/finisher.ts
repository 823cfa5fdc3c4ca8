/** Ends the tasks whose handlers have returned, many in one statement: while one statement runs, the next batch
 * gathers. When the database is away it tries again for as long as the leases last. */
import { context, sleep, systemClock } from '@goblin/core';
import type { Database } from '../database/database.ts';
import type { HeldTask } from './held-task.ts';
import { finishTasks } from './task-table.ts';
import { wakeWorkers } from './wake-up.ts';

const BATCH = 1_000;
const PAUSE_MS = 100;

export interface Finisher {
  /** Resolves when the task has ended, or is lost.
   * @param output JSON */
  finish(task: HeldTask, output: string | undefined): Promise<void>;
}

interface Ending {
  readonly task: HeldTask;
  readonly output: string | undefined;
  readonly settled: () => void;
}

export function finisher(db: Database, worker: string): Finisher {
  const waiting: Ending[] = [];
  let running = false;

  async function run(): Promise<void> {
    running = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, BATCH).filter(isHeld);
      // Children before parents, as everywhere: see the SQL file.
      batch.sort((one, other) => other.task.id - one.task.id);
      if (batch.length > 0 && !(await end(batch))) {
        waiting.unshift(...batch);
        await sleep(PAUSE_MS);
      }
    }
    running = false;
  }

  async function end(batch: readonly Ending[]): Promise<boolean> {
    try {
      const finished = batch.map(({ task: { id, fence }, output }) => ({ id, fence, output }));
      const { done, woken } = await finishTasks(db, worker, finished);
      const ended = new Set(done);
      for (const { task, settled } of batch) {
        task.finished = ended.has(task.id);
        if (!task.finished) task.lose();
        settled();
      }
      wakeWorkers(db, woken);
      return true;
    } catch (error) {
      db.telemetry.log.warn({ err: error, tasks: batch.length }, 'tasks could not be ended yet');
      return false;
    }
  }

  return {
    finish(task, output) {
      return new Promise((settled) => {
        task.ending = true;
        waiting.push({ task, output, settled });
        if (!running) void context.detach(run);
      });
    },
  };
}

function isHeld({ task, settled }: Ending): boolean {
  if (!task.lost && systemClock.now() < task.leaseUntilMs) return true;
  task.lose();
  settled();
  return false;
}
