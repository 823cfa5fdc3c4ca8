/** A task as the worker that holds it knows it. */
import { Cancellation, GoblinError } from '@goblin/core';
import type { TaskDefinition } from './task.ts';
import type { Claim, TaskRow } from './task-table.ts';
import type { TaskTelemetry } from './task-telemetry.ts';

export class HeldTask implements Claim {
  readonly row: TaskRow;
  readonly worker: string;
  readonly definition: TaskDefinition;
  readonly telemetry: TaskTelemetry;
  /** Cancelled when the lease is lost, and when the process stops. */
  readonly cancellation: Cancellation = new Cancellation();
  attempt: number;
  /** On the monotonic clock: until when the lease lasts at least, and when to extend it. */
  leaseUntilMs = 0;
  beatAtMs = 0;
  /** Progress that is not written yet. */
  progress: number | undefined;
  note: string | undefined;
  /** It may have something to recall. */
  stepped: boolean;
  /** Its end is on the way to the database, so that it may be gone there. */
  ending = false;
  /** Why its handler says that no further attempt will help. */
  hopeless: Error | undefined;
  /** The effects and the end of the task are committed. */
  finished = false;
  /** It is in the table again, to be claimed later. */
  released = false;
  /** What it waits for, once it has given itself up to wait. */
  parked: string | undefined;
  #lost = false;

  constructor(row: TaskRow, worker: string, definition: TaskDefinition, telemetry: TaskTelemetry) {
    this.row = row;
    this.worker = worker;
    this.definition = definition;
    this.telemetry = telemetry;
    this.attempt = row.attempt;
    this.stepped = row.stepped;
  }

  get id(): number {
    return this.row.id;
  }

  get fence(): number {
    return this.row.fence;
  }

  /** Whether another worker may have it now. */
  get lost(): boolean {
    return this.#lost;
  }

  /** The lease was extended by a statement that was sent at `sentMs`. */
  extend(sentMs: number): void {
    const { leaseMs } = this.definition;
    this.leaseUntilMs = sentMs + leaseMs;
    this.beatAtMs = sentMs + leaseMs / 3;
  }

  /** Marks it lost, and answers the error that says so. */
  lose(): GoblinError {
    const error = taskLost(this);
    this.#lost = true;
    this.cancellation.cancel(error);
    return error;
  }
}

function taskLost({ definition, id }: HeldTask): GoblinError {
  return new GoblinError('TASK_LOST', {
    message: `this worker does not hold the task ${definition.kind} ${id} any more: its lease has run out, or it was canceled`,
  });
}
