/** Keeps the leases of all tasks that a worker holds, in one statement for those that are due, and writes their progress.
 * A task that does not come back is lost: its signal is aborted. So is one whose lease has run out by this process's
 * own clock because the database did not answer. */
import { systemClock } from '@goblin/core';
import type { Database } from '../database/database.ts';
import { routine } from '../database/routine.ts';
import type { HeldTask } from './held-task.ts';
import { type Kept, keepTasks } from './task-table.ts';

/** How often progress is written, at most. */
const PROGRESS_MS = 1_000;

export interface Heartbeat {
  /** Asks for all tasks at once, whether they are due or not. */
  beatNow(): void;
  stop(): void;
}

export function heartbeat(
  db: Database,
  worker: string,
  shortestLeaseMs: number,
  held: ReadonlySet<HeldTask>,
): Heartbeat {
  let beating = false;
  let again = false;
  const timer = systemClock.every(Math.min(PROGRESS_MS, shortestLeaseMs / 6), () => void beat(false));

  async function beat(all: boolean): Promise<void> {
    const now = systemClock.now();
    for (const task of held) if (now >= task.leaseUntilMs && !task.lost && !task.ending) task.lose();
    if (beating) {
      again ||= all;
      return;
    }
    const due = [...held].filter(
      (task) => !task.lost && (all || now >= task.beatAtMs || task.progress !== undefined),
    );
    if (due.length === 0) return;
    beating = true;
    try {
      const kept = await routine(() => keepTasks(db, worker, due.map(beatOf)));
      for (const task of due) {
        if (kept.has(task.id)) task.extend(now);
        else if (held.has(task) && !task.ending) task.lose();
      }
    } catch (error) {
      db.telemetry.log.warn(
        { err: error, tasks: due.length },
        'the leases of tasks could not be extended yet',
      );
    } finally {
      beating = false;
    }
    if (again) {
      again = false;
      await beat(true);
    }
  }

  return { beatNow: () => void beat(true), stop: () => timer.cancel() };
}

function beatOf(task: HeldTask): Kept {
  const { id, fence, progress, note } = task;
  task.progress = undefined;
  task.note = undefined;
  return { id, fence, leaseMs: task.definition.leaseMs, progress, note };
}
