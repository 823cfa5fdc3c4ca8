/** The tasks that a worker holds, and the handlers that work on them. */
import { sleep, systemClock } from '@goblin/core';
import type { Database } from '../database/database.ts';
import { type Bell, bell } from '../events/bell.ts';
import { attempt } from './attempt.ts';
import { type Finisher, finisher } from './finisher.ts';
import type { Handled } from './handler.ts';
import { HeldTask } from './held-task.ts';
import { handBackTasks, type TaskRow } from './task-table.ts';
import type { TaskTelemetry } from './task-telemetry.ts';

/** What handlers still get when the process is told to stop, and then what it takes to write down how they ended. */
const STOP_GRACE_MS = 3_000;
const END_MS = 1_000;
const DRAIN_STEP_MS = 10;

export interface Kind extends Handled {
  readonly telemetry: TaskTelemetry;
}

export class Crew {
  /** Those whose handlers run, and those that are ending. */
  readonly held: Set<HeldTask> = new Set();
  /** Handlers at work. */
  running = 0;
  /** Rings when one has become free. */
  readonly handFree: Bell = bell();
  readonly #db: Database;
  readonly #worker: string;
  readonly #kinds: ReadonlyMap<string, Kind>;
  readonly #wakeUp: () => void;
  readonly #finisher: Finisher;
  #stopping = false;

  /** @param wakeUp called when there may be something to claim. */
  constructor(db: Database, worker: string, kinds: ReadonlyMap<string, Kind>, wakeUp: () => void) {
    this.#db = db;
    this.#worker = worker;
    this.#kinds = kinds;
    this.#wakeUp = wakeUp;
    this.#finisher = finisher(db, worker);
  }

  get ending(): number {
    return this.held.size - this.running;
  }

  /** Starts on a task that was claimed by a statement sent at `sentMs`. */
  begin(row: TaskRow, sentMs: number): void {
    const { definition, handler, telemetry } = this.#kinds.get(row.kind)!;
    const task = new HeldTask(row, this.#worker, definition, telemetry);
    task.extend(sentMs);
    telemetry.claims.add();
    if (row.attempt === 1) telemetry.waits.record(row.age_ms / 1_000);
    telemetry.running.add(1);
    this.held.add(task);
    this.running++;
    const handlerEnded = (): void => {
      this.running--;
      telemetry.running.add(-1);
      this.handFree.ring();
    };
    const isStopping = (): boolean => this.#stopping;
    const work = { db: this.#db, task, handler, finisher: this.#finisher, isStopping, handlerEnded };
    void attempt(work).then(() => {
      this.held.delete(task);
      this.handFree.ring();
      // It may be due again soon, or there is room in its lane.
      if (task.released || definition.lanes.concurrency !== undefined) this.#wakeUp();
    });
  }

  /** Waits for the handlers, then aborts them and hands their tasks back. */
  async drain(): Promise<void> {
    await this.#settled(STOP_GRACE_MS);
    this.#stopping = true;
    const left = [...this.held].filter(isAtWork);
    if (left.length > 0) {
      await handBackTasks(this.#db, this.#worker, left).catch((error) => {
        this.#db.telemetry.log.warn(
          { err: error, tasks: left.length },
          'tasks could not be handed back; their leases run out',
        );
      });
    }
    for (const task of left) {
      task.telemetry.ended('handed_back');
      task.lose();
    }
    await this.#settled(END_MS);
  }

  async #settled(withinMs: number): Promise<void> {
    const giveUpAt = systemClock.now() + withinMs;
    while (this.held.size > 0 && systemClock.now() < giveUpAt) await sleep(DRAIN_STEP_MS);
  }
}

function isAtWork({ lost, ending, parked }: HeldTask): boolean {
  return !lost && !ending && parked === undefined;
}
